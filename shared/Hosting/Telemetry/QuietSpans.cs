using System.Diagnostics;
using OpenTelemetry;
using Paas.Hosting.Messaging;

namespace Paas.Hosting.Telemetry;

/// <summary>
/// Leaves out what would drown the rest: the messages that carry log lines, of which a long build sends thousands and
/// whoever follows an app asks for all day, with what they lead to, and all requests that <see cref="PlatformRequests"/>
/// does not keep.
/// </summary>
internal sealed class QuietSpans : BaseProcessor<Activity>
{
    public const string AspNetCore = "Microsoft.AspNetCore";

    public override void OnStart(Activity data)
    {
        if (data.OperationName.StartsWith(Endpoints.LogQueue, StringComparison.Ordinal)
            || data.OperationName.StartsWith(Endpoints.OutputQueue, StringComparison.Ordinal) || data.Parent is { Recorded: false })
            data.Forget();
    }

    public override void OnEnd(Activity data)
    {
        if (data.Source.Name == AspNetCore && !data.IsKept())
            data.Forget();
    }
}

/// <summary>What becomes of an activity.</summary>
internal static class ActivityChoice
{
    private const string Kept = "kept";

    /// <summary>Takes an activity out of what is exported. Its children follow it.</summary>
    public static void Forget(this Activity activity)
    {
        activity.IsAllDataRequested = false;
        activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }

    public static void Keep(this Activity activity) => activity.SetCustomProperty(Kept, Kept);

    public static bool IsKept(this Activity activity) => activity.GetCustomProperty(Kept) is not null;
}
