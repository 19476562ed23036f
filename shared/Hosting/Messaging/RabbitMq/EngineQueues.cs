using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Steps;
using Paas.Hosting.Telemetry;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>
/// The queues of one engine each, such as <c>publish-image.6f3c…</c>, for a step that only the workers beside one engine
/// can do. A command comes by the step's own queue, and whoever takes it up there passes it on to the engine's, or puts
/// it off while nobody consumes that. Tries, delays and the error queue are those of the step.
/// </summary>
/// <remarks>
/// Nothing is passed on to a queue without a consumer, and what its consumers leave behind comes back to the step's
/// queue: so an engine's queue is empty long before the broker removes it, a day after its last consumer.
/// </remarks>
public sealed partial class EngineQueues
{
    /// <summary>How long a command is put off until it is looked again whether somebody consumes its engine's queue.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    /// <summary>Says how often a command was put off.</summary>
    private const string LooksHeader = "Paas-Engine-Looks";

    private static readonly TimeSpan Expiration = TimeSpan.FromDays(1);
    private readonly ConnectionFactory? _factory;
    private readonly IServiceProvider _services;

    internal EngineQueues(RabbitMqOptions? broker, IServiceProvider services)
    {
        _services = services;
        if (broker is not null)
            _factory = new ConnectionFactory { Uri = broker.Uri, ClientProvidedName = "engine queues", AutomaticRecoveryEnabled = false };
    }

    /// <summary>In memory there is one process with one engine, and no need of them.</summary>
    public bool AreUsed => _factory is not null;

    /// <summary>The name of an engine's queue.</summary>
    /// <param name="step">One of <see cref="Step"/>.</param>
    /// <param name="engine">What the engine calls itself; whatever has more in it than an engine's id does is hashed.</param>
    public static string NameOf(string step, string engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var safe = EngineId().IsMatch(engine)
            ? engine.Replace(':', '-')
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(engine)));
        return $"{Endpoints.QueueFor(step)}.{safe}";
    }

    /// <summary>How often a command was put off since its engine's queue was last seen with a consumer.</summary>
    public static int LooksOf(ConsumeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Headers.Get<int>(LooksHeader) ?? 0;
    }

    /// <summary>Whether anybody consumes an engine's queue, be it busy or not.</summary>
    /// <exception cref="BrokerAwayException">The broker does not answer.</exception>
    public Task<bool> HasConsumersAsync(string step, string engine, CancellationToken cancellation) => DeadMessages.AskAsync(async () =>
    {
        await using var connection = await _factory!.CreateConnectionAsync(cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        try
        {
            return (await channel.QueueDeclarePassiveAsync(NameOf(step, engine), cancellation)).ConsumerCount > 0;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return false;
        }
    }, cancellation);

    /// <summary>Hands a command to the workers beside an engine.</summary>
    /// <param name="context">The command as it came.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="waits">How long it may wait there for a worker, before it is looked again whether there is any.</param>
    public Task PassOnAsync<T>(ConsumeContext<T> context, string engine, TimeSpan waits)
        where T : class, IStepCommand => SendAsync(context, NameOf(context.Message.Step, engine), copy =>
        {
            copy.TimeToLive = waits;
            copy.Headers.Set(LooksHeader, null);
        });

    /// <summary>Lets a command come again after <see cref="LookInterval"/>.</summary>
    public Task PutOffAsync<T>(ConsumeContext<T> context)
        where T : class, IStepCommand => SendAsync(
            context, WaitQueues.NameOf(Endpoints.QueueFor(context.Message.Step), LookInterval), copy => copy.Headers.Set(LooksHeader, LooksOf(context) + 1));

    /// <summary>Begins to consume an engine's queue, with a consumer whose definition is a step's.</summary>
    public HostReceiveEndpointHandle Connect<TConsumer>(string step, string engine)
        where TConsumer : class, IConsumer => _services.GetRequiredService<IReceiveEndpointConnector>().ConnectReceiveEndpoint(
            NameOf(step, engine), (context, endpoint) =>
            {
                var rabbit = (IRabbitMqReceiveEndpointConfigurator)endpoint;
                endpoint.UseDeploymentScopes(context.GetRequiredService<ILoggerFactory>());
                endpoint.ConfigureConsumeTopology = false; // nobody publishes commands
                rabbit.SetQuorumQueue();
                foreach (var (argument, value) in WaitQueues.ReturnArguments(Endpoints.QueueFor(step)))
                    rabbit.SetQueueArgument(argument, value);
                rabbit.SetQueueArgument("x-expires", (long)Expiration.TotalMilliseconds);
                rabbit.SetQueueArgument("x-delivery-limit", WaitQueues.DeliveryLimit);
                endpoint.ConfigureConsumer<TConsumer>(context);
            });

    /// <summary>The queue of the step, for that of an engine; any other queue is its own.</summary>
    internal static string SharedOf(string queue) =>
        Step.InOrder.Select(Endpoints.QueueFor).FirstOrDefault(shared => queue.StartsWith(shared + ".", StringComparison.Ordinal)) ?? queue;

    private Task SendAsync<T>(ConsumeContext<T> context, string queue, Action<SendContext<T>> change)
        where T : class => _services.GetRequiredService<PatientSender>().SendAsync(Endpoints.Address(queue), context.Message, copy =>
        {
            WaitQueues.CopyEnvelope(context, copy);
            change(copy);
        });

    [GeneratedRegex(@"^[A-Za-z0-9:-]{1,100}\z")]
    private static partial Regex EngineId();

    /// <summary>What can't be consumed ends in the queues of the step, and those have none of the arguments of an engine's.</summary>
    internal sealed class DeadNames : IErrorQueueNameFormatter, IDeadLetterQueueNameFormatter
    {
        private DeadNames()
        {
        }

        public static void UseFor(IRabbitMqSendTopologyConfigurator topology)
        {
            var names = new DeadNames();
            topology.ErrorQueueNameFormatter = names;
            topology.DeadLetterQueueNameFormatter = names;
            topology.ConfigureErrorSettings = KeepDurable;
            topology.ConfigureDeadLetterSettings = KeepDurable;
        }

        public string FormatErrorQueueName(string queueName) => SharedOf(queueName) + DeadQueues.Error;

        public string FormatDeadLetterQueueName(string queueName) => SharedOf(queueName) + DeadQueues.Skipped;

        private static void KeepDurable(IRabbitMqQueueConfigurator queue)
        {
            foreach (var argument in WaitQueues.ReturnArguments("").Keys.Append("x-expires"))
                queue.SetQueueArgument(argument, null);
        }
    }
}
