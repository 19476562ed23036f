using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Paas.Hosting.Telemetry;

/// <summary>
/// What is counted and measured. No app, deployment or commit is an attribute here: each would be a time series of its
/// own for ever.
/// </summary>
public static class PaasMetrics
{
    /// <summary>From a static site to the longest build.</summary>
    private static readonly InstrumentAdvice<double> Buckets = new()
    {
        HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600],
    };

    private static readonly Histogram<double> Runs = PaasTelemetry.Meter.CreateHistogram(
        "cicd.pipeline.run.duration", "s", "Deployments that ended, by result, and how long they took from the request on.", advice: Buckets);

    private static readonly Histogram<double> Steps = PaasTelemetry.Meter.CreateHistogram(
        "paas.step.duration", "s", "Tries of steps, by step and result, and how long they took.", advice: Buckets);

    private static readonly Histogram<double> Waits = PaasTelemetry.Meter.CreateHistogram(
        "paas.step.queue.duration", "s", "How long steps waited in their queue for a worker.", advice: Buckets);

    private static readonly Counter<long> Retries = PaasTelemetry.Meter.CreateCounter<long>(
        "paas.step.retries", "{try}", "Tries that met a fault and were, or will be, followed by another.");

    private static readonly Counter<long> Faults = PaasTelemetry.Meter.CreateCounter<long>(
        "paas.step.faults", "{fault}", "Steps that ended their deployment as Faulted, for an operator to look at.");

    private static readonly Counter<long> Deliveries = PaasTelemetry.Meter.CreateCounter<long>(
        "paas.deliveries", "{delivery}", "Webhook deliveries, by what was decided about them.");

    /// <param name="result">One of <see cref="RunResult"/>.</param>
    /// <param name="errorType">Why, if it did not succeed.</param>
    /// <param name="trigger">What asked for it, one of <see cref="Contracts.Api.DeploymentTriggers"/>.</param>
    /// <param name="duration">From the request to the end.</param>
    public static void RunEnded(string result, string? errorType, string trigger, TimeSpan duration)
    {
        var tags = new TagList
        {
            { Attributes.Pipeline, PaasTelemetry.Pipeline },
            { Attributes.RunState, "executing" },
            { Attributes.RunResult, result },
            { Attributes.Trigger, trigger },
        };
        Runs.Record(duration.TotalSeconds, With(tags, errorType));
    }

    /// <summary>A deployment is Faulted.</summary>
    public static void StepFaulted(string step, string? errorType) => Faults.Add(1, With(new() { { Attributes.Task, step } }, errorType));

    public static void DeliveryDecided(string decision, int count = 1) => Deliveries.Add(count, new KeyValuePair<string, object?>(Attributes.Decision, decision));

    internal static void TryEnded(string step, string result, string? errorType, TimeSpan duration) =>
        Steps.Record(duration.TotalSeconds, With(new() { { Attributes.Task, step }, { Attributes.TaskResult, result } }, errorType));

    internal static void StepTakenUp(string step, TimeSpan waited) =>
        Waits.Record(waited > TimeSpan.Zero ? waited.TotalSeconds : 0, new KeyValuePair<string, object?>(Attributes.Task, step));

    internal static void TryFollows(string step, string errorType) => Retries.Add(1, With(new() { { Attributes.Task, step } }, errorType));

    private static TagList With(TagList tags, string? errorType)
    {
        if (errorType is not null)
            tags.Add(Attributes.ErrorType, errorType);
        return tags;
    }
}
