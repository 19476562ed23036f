using MassTransit;
using MassTransit.Configuration;
using MassTransit.Events;
using MassTransit.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>
/// The delays of a stock RabbitMQ: a message waits in a queue of its own kind, such as <c>build-image_wait_5000</c>,
/// until its time to live is over and the broker hands it back. Without plug-ins, and kept over a restart.
/// Source of the arguments: https://www.rabbitmq.com/docs/quorum-queues and https://www.rabbitmq.com/docs/dlx.
/// </summary>
internal static class WaitQueues
{
    /// <summary>4.x drops a message silently after 20 deliveries unless told otherwise.</summary>
    public const int DeliveryLimit = 1_000_000;

    private const string Wait = "_wait_";

    private static readonly Lazy<HashSet<string>> Queues = new(() => [.. Topology.Queues]);

    public static string NameOf(string queue, TimeSpan delay) => $"{queue}{Wait}{(long)delay.TotalMilliseconds}";

    /// <summary>A quorum queue that loses nothing that anybody has put in it.</summary>
    public static Dictionary<string, object?> DurableArguments() => new()
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = DeliveryLimit,
    };

    /// <summary>At-least-once dead-lettering: with the default strategy, or a classic queue, a crash loses what expires.</summary>
    public static Dictionary<string, object?> WaitArguments(string queue, TimeSpan delay) => new(ReturnArguments(queue)!)
    {
        ["x-queue-type"] = "quorum",
        ["x-message-ttl"] = (long)delay.TotalMilliseconds,
    };

    /// <summary>What a quorum queue needs to hand back to another whatever expires in it.</summary>
    public static Dictionary<string, object> ReturnArguments(string queue) => new()
    {
        ["x-dead-letter-exchange"] = "",
        ["x-dead-letter-routing-key"] = queue,
        ["x-dead-letter-strategy"] = "at-least-once",
        ["x-overflow"] = "reject-publish",
    };

    /// <summary>Lets a message that no queue would take come back as an exception, if somebody has to hear it.</summary>
    public static void ReturnUnroutable(SendContext context)
    {
        if (context.TryGetPayload<RabbitMqSendContext>(out var rabbit) && MustArrive(context.DestinationAddress))
            rabbit.Mandatory = true;
    }

    private static bool MustArrive(Uri? destination)
    {
        if (destination is null)
            return false;
        var exchange = Uri.UnescapeDataString(destination.AbsolutePath.TrimEnd('/').Split('/')[^1]);
        return Queues.Value.Contains(EngineQueues.SharedOf(exchange)) || exchange.Contains(Wait, StringComparison.Ordinal) || DeadQueues.IsOne(exchange) || Topology.HeardExchanges.Contains(exchange);
    }

    /// <summary>Makes a message that is sent on what it was when it came.</summary>
    public static void CopyEnvelope(ConsumeContext context, SendContext copy)
    {
        copy.CorrelationId = context.CorrelationId;
        copy.ConversationId = context.ConversationId;
        copy.InitiatorId = context.InitiatorId;
        copy.ResponseAddress = context.ResponseAddress;
        copy.FaultAddress = context.FaultAddress;
        foreach (var header in context.Headers.GetAll())
            copy.Headers.Set(header.Key, header.Value);
    }

    /// <summary>
    /// Sends delayed redeliveries on this endpoint through its wait queues, and tells of the fault when there is none
    /// left. Comes before <c>UseDelayedRedelivery</c>.
    /// </summary>
    /// <remarks>
    /// Both by the bus, not by the endpoint as the library would: when the connection is lost, an endpoint waits for its
    /// consumers to end before it connects again, and a consumer that sends by it waits for the connection.
    /// </remarks>
    public static void UseWaitQueues(this IReceiveEndpointConfigurator endpoint, string queue, IServiceProvider services) =>
        _ = new Observer(endpoint, queue, services);

    private sealed class Observer : ConfigurationObserver, IMessageConfigurationObserver
    {
        private readonly string _queue;
        private readonly IServiceProvider _services;

        public Observer(IConsumePipeConfigurator configurator, string queue, IServiceProvider services)
            : base(configurator)
        {
            (_queue, _services) = (queue, services);
            Connect(this);
        }

        public void MessageConfigured<TMessage>(IConsumePipeConfigurator configurator)
            where TMessage : class =>
            configurator.AddPipeSpecification(new FilterPipeSpecification<ConsumeContext<TMessage>>(new Filter<TMessage>(_queue, _services)));
    }

    private sealed class Filter<T>(string queue, IServiceProvider services) : IFilter<ConsumeContext<T>>
        where T : class
    {
        public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
        {
            context.AddOrUpdatePayload<MessageRedeliveryContext>(() => new Redelivery<T>(context, queue, services), _ => new Redelivery<T>(context, queue, services));
            try
            {
                await next.Send(context);
            }
            catch (Exception exception) when (!context.CancellationToken.IsCancellationRequested)
            {
                // Canceled, by the loss of the connection, the command is not acknowledged and comes again: no fault yet.
                var types = context.SupportedMessageTypes.ToArray();
                await services.GetRequiredService<PatientSender>().PublishAsync(
                    new FaultEvent<T>(context.Message, context.MessageId, HostMetadataCache.Host, exception, types), typeof(Fault<T>));
                throw;
            }
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("waitQueues");
    }

    private sealed class Redelivery<T>(ConsumeContext<T> context, string queue, IServiceProvider services) : MessageRedeliveryContext
        where T : class
    {
        public Task ScheduleRedelivery(TimeSpan delay, Action<ConsumeContext, SendContext>? callback) =>
            services.GetRequiredService<PatientSender>().SendAsync(new Uri($"exchange:{NameOf(queue, delay)}"), context.Message, copy =>
            {
                CopyEnvelope(context, copy);
                copy.Headers.Set(MessageHeaders.RedeliveryCount, context.GetRedeliveryCount() + 1);
                callback?.Invoke(context, copy);
            });
    }
}
