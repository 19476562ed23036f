using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.Deployer;

internal sealed class RemoveAppConsumer(ReleaseDeployer deployer) : IConsumer<RemoveApp>
{
    public Task Consume(ConsumeContext<RemoveApp> context) => deployer.RemoveAsync(context.Message, context.CancellationToken);
}

/// <summary>Tried like a deployment: as often, and as long.</summary>
internal sealed class RemoveAppConsumerDefinition : ConsumerDefinition<RemoveAppConsumer>
{
    private readonly StepOptions _policy;

    public RemoveAppConsumerDefinition(StepPolicies policies)
    {
        _policy = policies[Step.DeployRelease];
        EndpointName = Endpoints.RemoveAppQueue;
        ConcurrentMessageLimit = _policy.Concurrency;
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<RemoveAppConsumer> consumerConfigurator, IRegistrationContext context)
    {
        endpointConfigurator.PrefetchCount = _policy.Concurrency;
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
