using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.Deployer;

internal sealed class ResolveUrlConsumer(StepRunner runner, ReleaseDeployer deployer) : IConsumer<ResolveUrl>
{
    public Task Consume(ConsumeContext<ResolveUrl> context) => runner.RunAsync(
        context,
        run => deployer.ResolveUrlAsync(run.Command, run.Log, run.Cancellation),
        (command, url, log) => new UrlResolved
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Url = url,
        },
        (command, failure, log) => new UrlResolutionFailed
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Reason = failure.Reason,
            Message = failure.Message,
        });
}

internal sealed class ResolveUrlConsumerDefinition(StepPolicies policies) : StepConsumerDefinition<ResolveUrlConsumer>(Step.ResolveUrl, policies);
