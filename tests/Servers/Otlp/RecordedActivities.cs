using System.Collections.Concurrent;
using System.Diagnostics;

namespace Paas.Servers.Otlp;

/// <summary>Listens to the platform's activities within this process, as telemetry that is switched on does.</summary>
public sealed class RecordedActivities : IDisposable
{
    private readonly ActivitySource _requests = new("Tests");
    private readonly ConcurrentQueue<Activity> _ended = [];
    private readonly ActivityListener _listener;

    public RecordedActivities()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Paas" or "MassTransit" || source == _requests,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>A request from outside: a trace of its own.</summary>
    public Activity Begin()
    {
        Activity.Current = null;
        return _requests.StartActivity("request")!;
    }

    /// <summary>The activities about a deployment that have ended.</summary>
    public IReadOnlyList<Activity> Of(Guid deployment) =>
        [.. _ended.Where(activity => activity.GetTagItem("deployment.id") is string id && id == deployment.ToString())];

    public IReadOnlyList<Activity> Of(ActivityTraceId trace) => [.. _ended.Where(activity => activity.TraceId == trace)];

    public void Dispose()
    {
        _listener.Dispose();
        _requests.Dispose();
    }
}
