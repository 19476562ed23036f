using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher;

/// <summary>One try of the step, from whichever queue its command came.</summary>
public sealed class ImagePublication(StepRunner runner, ImagePublishers publishers)
{
    public Task RunAsync(ConsumeContext<PublishImage> context) =>
        RunAsync(context, run => publishers.PublishAsync(run.Command, run.Log, run.Cancellation));

    /// <summary>Says why what was built can't be had, and lets it be built again.</summary>
    public Task GiveUpAsync(ConsumeContext<PublishImage> context, string reason) => RunAsync(context, run =>
    {
        run.Log.Warning(reason);
        return Task.FromResult<string?>(null);
    });

    private Task RunAsync(ConsumeContext<PublishImage> context, Func<StepRun<PublishImage>, Task<string?>> publish) => runner.RunAsync(
        context,
        publish,
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
