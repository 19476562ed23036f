using MassTransit;
using MassTransit.RabbitMqTransport;
using Paas.Contracts;

namespace Paas.Hosting.Messaging;

/// <summary>
/// Who hears what. Every process declares all of it before it sends anything: an event that is published before its
/// listener has ever run must wait for it, not be dropped.
/// </summary>
public static class Topology
{
    private static readonly RabbitMqMessageNameFormatter Names = new();

    /// <summary>What the saga of deployments listens to.</summary>
    public static IReadOnlyList<Type> DeploymentEvents { get; } =
    [
        typeof(DeploymentRequested), typeof(TurnGranted), typeof(CancelDeployment), typeof(SupersedeDeployment), typeof(ReplayDeployment), typeof(DiscardDeployment),
        typeof(CodeDownloaded), typeof(CodeOvertaken), typeof(ConfigurationValidated), typeof(ImageBuilt), typeof(ImagePublished), typeof(BuiltImageLost),
        typeof(ReleaseDeployed), typeof(UrlResolved),
        typeof(IStepFailed), typeof(Fault<IStepCommand>), typeof(StepRetryScheduled), typeof(StepStopped), typeof(StepDeadlineExpired),
    ];

    /// <summary>The queues that hear published messages, and which.</summary>
    internal static IReadOnlyList<(string Queue, IReadOnlyList<Type> Events)> Listeners { get; } =
        [(Endpoints.DeploymentQueue, DeploymentEvents), (Endpoints.PushQueue, [typeof(PushReceived)])];

    /// <summary>The queues that are sent to by name, besides those of steps.</summary>
    internal static IReadOnlyList<string> Receivers { get; } =
        [Endpoints.LogQueue, Endpoints.AppEventQueue, Endpoints.ConfirmQueue, Endpoints.RouteQueue, Endpoints.OutputQueue, Endpoints.RunQueue, Endpoints.InspectQueue];

    /// <summary>All queues that outlive the processes that take messages from them.</summary>
    internal static IReadOnlyList<string> Queues { get; } =
        [.. Step.InOrder.Select(Endpoints.QueueFor), .. Listeners.Select(listener => listener.Queue), .. Receivers, Endpoints.RemoveAppQueue];

    /// <summary>The exchanges of all messages that somebody has to hear: what nobody can hear is an error, not lost.</summary>
    internal static IReadOnlySet<string> HeardExchanges { get; } = MessagesHeard().Select(ExchangeOf).ToHashSet();

    /// <summary>The exchange that messages of a type are published to.</summary>
    internal static string ExchangeOf(Type message) => Names.GetMessageName(message);

    private static IEnumerable<Type> MessagesHeard()
    {
        var contracts = typeof(IStepCommand).Assembly.GetTypes().Where(type => type.IsClass);
        var commands = contracts.Where(type => type.IsAssignableTo(typeof(IStepCommand)));
        return contracts.Where(type => Listeners.Any(listener => listener.Events.Any(type.IsAssignableTo)))
            .Concat(commands.Select(command => typeof(Fault<>).MakeGenericType(command)));
    }
}
