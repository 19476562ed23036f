using MassTransit;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Network;
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

    /// <param name="step">One of <see cref="Contracts.Step"/>.</param>
    /// <param name="policies">The policies of all steps.</param>
    protected StepConsumerDefinition(string step, StepPolicies policies)
        : this(Endpoints.QueueFor(step), policies[step])
    {
    }

    /// <param name="queue">The queue of a command that is no step but is tried like one.</param>
    /// <param name="policy">The policy of the step it is tried like.</param>
    protected StepConsumerDefinition(string queue, StepOptions policy)
    {
        _policy = policy;
        EndpointName = _queue = queue;
        ConcurrentMessageLimit = policy.Concurrency;
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<TConsumer> consumerConfigurator, IRegistrationContext context)
    {
        endpointConfigurator.PrefetchCount = _policy.Concurrency;
        if (endpointConfigurator is IRabbitMqReceiveEndpointConfigurator)
        {
            endpointConfigurator.PublishFaults = false; // told by the wait queues' filter
            endpointConfigurator.UseWaitQueues(_queue, context);
        }

        endpointConfigurator.UseDelayedRedelivery(redelivery =>
        {
            redelivery.Ignore<StepPermanentException>();
            redelivery.Intervals(_policy.Redelivery);
            redelivery.ReplaceMessageId = true;
        });
        // A retry policy of none would retry once.
        if (_policy.ImmediateRetries == 0)
            return;
        endpointConfigurator.UseMessageRetry(retry =>
        {
            retry.Ignore<StepPermanentException>();
            retry.Ignore<NetworkTroubleException>(); // put off at once
            retry.Immediate(_policy.ImmediateRetries);
        });
    }
}
