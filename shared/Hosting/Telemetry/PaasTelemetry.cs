using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Paas.Hosting.Telemetry;

/// <summary>
/// The platform's own activities and instruments, and the words used with them: OpenTelemetry's conventions for CI/CD
/// where there are any. Nothing listens to them unless <see cref="TelemetrySetup"/> says so.
/// Source: https://opentelemetry.io/docs/specs/semconv/cicd/.
/// </summary>
public static class PaasTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Paas";

    /// <summary>The value of <c>cicd.pipeline.name</c>: there is one pipeline.</summary>
    public const string Pipeline = "deployment";

    public static ActivitySource Source { get; } = new(Name);

    internal static Meter Meter { get; } = new(Name);
}

/// <summary>The attributes of spans and metrics.</summary>
public static class Attributes
{
    public const string Pipeline = "cicd.pipeline.name";
    public const string RunId = "cicd.pipeline.run.id";
    public const string RunState = "cicd.pipeline.run.state";
    public const string RunResult = "cicd.pipeline.result";
    public const string Task = "cicd.pipeline.task.name";
    public const string TaskRunId = "cicd.pipeline.task.run.id";
    public const string TaskResult = "cicd.pipeline.task.run.result";
    public const string DeploymentId = "deployment.id";
    public const string Environment = "deployment.environment.name";
    public const string Revision = "vcs.ref.head.revision";
    public const string ErrorType = "error.type";
    public const string App = "paas.app.name";
    public const string Trigger = "paas.deployment.trigger";
    public const string Decision = "paas.delivery.decision";
}

/// <summary>How a run or a task of a pipeline ended, in OpenTelemetry's words.</summary>
public static class RunResult
{
    public const string Success = "success";

    /// <summary>The developer's code or configuration is wrong.</summary>
    public const string Failure = "failure";

    /// <summary>The platform failed.</summary>
    public const string Error = "error";
    public const string Timeout = "timeout";
    public const string Cancellation = "cancellation";

    /// <summary>Not needed any more: superseded, or stale.</summary>
    public const string Skip = "skip";
}
