using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader;

public sealed class DownloadCodeConsumer(StepRunner runner, SourceDownloader downloader) : IConsumer<DownloadCode>
{
    public Task Consume(ConsumeContext<DownloadCode> context) => runner.RunAsync(
        context,
        run => downloader.DownloadAsync(run.Command, run.Log, run.Cancellation),
        (command, source, log) => new CodeDownloaded
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Commit = source.Commit,
            CommitMessage = source.CommitMessage,
            CommitAuthor = source.CommitAuthor,
            SourceDigest = source.SourceDigest,
        },
        (command, failure, log) => new CodeDownloadFailed
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Reason = failure.Reason,
            Message = failure.Message,
        });
}
