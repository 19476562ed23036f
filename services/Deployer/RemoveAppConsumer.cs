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
internal sealed class RemoveAppConsumerDefinition(StepPolicies policies)
    : StepConsumerDefinition<RemoveAppConsumer>(Endpoints.RemoveAppQueue, policies[Step.DeployRelease]);
