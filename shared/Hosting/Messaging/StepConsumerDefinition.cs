using MassTransit;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Messaging;

/// <summary>
/// The one policy of all steps: immediate retries, then delayed redeliveries, then the error queue. An exception
/// that no retry can mend goes there at once.
/// </summary>
public abstract class StepConsumerDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    private readonly StepOptions _policy;
    private readonly string _queue;

    protected StepConsumerDefinition(string step, StepPolicies policies)
    {
        _policy = policies[step];
        EndpointName = _queue = Endpoints.QueueFor(step);
        ConcurrentMessageLimit = _policy.Concurrency;
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<TConsumer> consumerConfigurator, IRegistrationContext context)
    {
        endpointConfigurator.PrefetchCount = _policy.Concurrency;
        if (endpointConfigurator is IRabbitMqReceiveEndpointConfigurator)
            endpointConfigurator.UseWaitQueues(_queue);
        endpointConfigurator.UseDelayedRedelivery(redelivery =>
        {
            redelivery.Ignore<StepPermanentException>();
            redelivery.Intervals(_policy.Redelivery);
            redelivery.ReplaceMessageId = true;
        });
        endpointConfigurator.UseMessageRetry(retry =>
        {
            retry.Ignore<StepPermanentException>();
            retry.Immediate(_policy.ImmediateRetries);
        });
    }
}
