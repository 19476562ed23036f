using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.Deployer;

internal sealed class DeployReleaseConsumer(StepRunner runner, ReleaseDeployer deployer) : IConsumer<DeployRelease>
{
    public Task Consume(ConsumeContext<DeployRelease> context) => runner.RunAsync(
        context,
        run => deployer.DeployAsync(run.Command, run.Log, run.Cancellation),
        (command, release, log) => new ReleaseDeployed
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Release = release,
        },
        (command, failure, log) => new ReleaseDeployFailed
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Reason = failure.Reason,
            Message = failure.Message,
        });
}

internal sealed class DeployReleaseConsumerDefinition(StepPolicies policies) : StepConsumerDefinition<DeployReleaseConsumer>(Step.DeployRelease, policies);
