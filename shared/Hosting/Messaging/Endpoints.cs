using Paas.Contracts;

namespace Paas.Hosting.Messaging;

/// <summary>
/// The addresses of the queues. Always <c>exchange:</c>, so that RabbitMQ's queue arguments are declared in one
/// place only, by the service that owns the queue.
/// </summary>
public static class Endpoints
{
    public const string LogQueue = "append-log";
    public const string AppEventQueue = "record-app-event";
    public const string DeploymentQueue = "deployment";
    public const string PushQueue = "push-received";
    public const string ConfirmQueue = "confirm-step";
    public const string RouteQueue = "switch-route";
    public const string RemoveAppQueue = "remove-app";

    /// <summary>Questions about what runs: apart from the commands, so that neither holds up the other.</summary>
    public const string OutputQueue = "read-output";
    public const string RunQueue = "run-command";

    /// <summary>Questions about repositories: apart from the downloads, so that nobody waits for those.</summary>
    public const string InspectQueue = "inspect-repository";

    public const string StopStepQueue = "stop-step";
    public const string GatewayNewsQueue = "gateway-news";

    /// <summary>The beginnings of the names of endpoints that every process has for itself, as long as it runs.</summary>
    internal static IReadOnlyList<string> OfEachProcess { get; } = [StopStepQueue, GatewayNewsQueue];

    public static Uri Log { get; } = Address(LogQueue);
    public static Uri AppEvents { get; } = Address(AppEventQueue);
    public static Uri Confirm { get; } = Address(ConfirmQueue);
    public static Uri Route { get; } = Address(RouteQueue);
    public static Uri RemoveApp { get; } = Address(RemoveAppQueue);
    public static Uri Output { get; } = Address(OutputQueue);
    public static Uri Inspect { get; } = Address(InspectQueue);
    public static Uri Run { get; } = Address(RunQueue);

    /// <summary>The queue of a step's worker, such as <c>build-image</c>.</summary>
    /// <exception cref="ArgumentException">There is no such step.</exception>
    public static string QueueFor(string step) => step switch
    {
        Step.DownloadCode => "download-code",
        Step.ValidateConfiguration => "validate-configuration",
        Step.BuildImage => "build-image",
        Step.PublishImage => "publish-image",
        Step.DeployRelease => "deploy-release",
        Step.ResolveUrl => "resolve-url",
        _ => throw new ArgumentException($"There is no step named '{step}'.", nameof(step)),
    };

    public static Uri For(string step) => Address(QueueFor(step));

    internal static Uri Address(string queue) => new($"exchange:{queue}");
}
