using MassTransit;
using MassTransit.Configuration;
using Paas.Contracts;

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

    private static readonly Lazy<HashSet<string>> Queues = new(() =>
        [.. Step.InOrder.Select(Endpoints.QueueFor), .. Topology.Receivers, .. Topology.Listeners.Select(listener => listener.Queue), Endpoints.RemoveAppQueue]);

    public static string NameOf(string queue, TimeSpan delay) => $"{queue}{Wait}{(long)delay.TotalMilliseconds}";

    /// <summary>A quorum queue that loses nothing that anybody has put in it.</summary>
    public static Dictionary<string, object?> DurableArguments() => new()
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = DeliveryLimit,
    };

    /// <summary>At-least-once dead-lettering: with the default strategy, or a classic queue, a crash loses what expires.</summary>
    public static Dictionary<string, object?> WaitArguments(string queue, TimeSpan delay) => new()
    {
        ["x-queue-type"] = "quorum",
        ["x-message-ttl"] = (long)delay.TotalMilliseconds,
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
        return Queues.Value.Contains(exchange) || exchange.Contains(Wait, StringComparison.Ordinal) || DeadQueues.IsOne(exchange) || Topology.HeardExchanges.Contains(exchange);
    }

    /// <summary>Sends delayed redeliveries on this endpoint through its wait queues. Comes before <c>UseDelayedRedelivery</c>.</summary>
    public static void UseWaitQueues(this IReceiveEndpointConfigurator endpoint, string queue) => _ = new Observer(endpoint, queue);

    private sealed class Observer : ConfigurationObserver, IMessageConfigurationObserver
    {
        private readonly string _queue;

        public Observer(IConsumePipeConfigurator configurator, string queue)
            : base(configurator)
        {
            _queue = queue;
            Connect(this);
        }

        public void MessageConfigured<TMessage>(IConsumePipeConfigurator configurator)
            where TMessage : class =>
            configurator.AddPipeSpecification(new FilterPipeSpecification<ConsumeContext<TMessage>>(new Filter<TMessage>(_queue)));
    }

    private sealed class Filter<T>(string queue) : IFilter<ConsumeContext<T>>
        where T : class
    {
        public Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
        {
            context.AddOrUpdatePayload<MessageRedeliveryContext>(() => new Redelivery<T>(context, queue), _ => new Redelivery<T>(context, queue));
            return next.Send(context);
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("waitQueues");
    }

    private sealed class Redelivery<T>(ConsumeContext<T> context, string queue) : MessageRedeliveryContext
        where T : class
    {
        public async Task ScheduleRedelivery(TimeSpan delay, Action<ConsumeContext, SendContext>? callback)
        {
            var endpoint = await context.GetSendEndpoint(new Uri($"exchange:{NameOf(queue, delay)}"));
            await endpoint.Send(context.Message, copy =>
            {
                copy.CorrelationId = context.CorrelationId;
                copy.ConversationId = context.ConversationId;
                copy.InitiatorId = context.InitiatorId;
                copy.ResponseAddress = context.ResponseAddress;
                copy.FaultAddress = context.FaultAddress;
                foreach (var header in context.Headers.GetAll())
                    copy.Headers.Set(header.Key, header.Value);
                copy.Headers.Set(MessageHeaders.RedeliveryCount, context.GetRedeliveryCount() + 1);
                callback?.Invoke(context, copy);
            });
        }
    }
}
