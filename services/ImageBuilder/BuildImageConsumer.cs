using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder;

public sealed class BuildImageConsumer(StepRunner runner, ImageBuilders builders) : IConsumer<BuildImage>
{
    public Task Consume(ConsumeContext<BuildImage> context) => runner.RunAsync(
        context,
        run => builders.BuildAsync(run.Command, run.Log, run.Cancellation),
        (command, built, log) => new ImageBuilt
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            ImageId = built.ImageId,
            Builder = built.Builder,
        },
        (command, failure, log) => new ImageBuildFailed
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Reason = failure.Reason,
            Message = failure.Message,
        });
}

public sealed class BuildImageConsumerDefinition(StepPolicies policies)
    : StepConsumerDefinition<BuildImageConsumer>(Step.BuildImage, policies);
