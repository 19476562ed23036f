using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher;

public sealed class PublishImageConsumer(StepRunner runner, ImagePublishers publishers) : IConsumer<PublishImage>
{
    public Task Consume(ConsumeContext<PublishImage> context) => runner.RunAsync(
        context,
        run => publishers.PublishAsync(run.Command, run.Log, run.Cancellation),
        Answer,
        (command, failure, log) => new ImagePublishFailed
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Reason = failure.Reason,
            Message = failure.Message,
        });

    private static IStepEnded Answer(PublishImage command, string? digest, StepLogEnd log) => digest is null
        ? new BuiltImageLost
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
        }
        : new ImagePublished
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            ImageDigest = digest,
        };
}

public sealed class PublishImageConsumerDefinition(StepPolicies policies)
    : StepConsumerDefinition<PublishImageConsumer>(Step.PublishImage, policies);
