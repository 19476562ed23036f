using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader;

public sealed class DownloadCodeConsumer(StepRunner runner, SourceDownloader downloader) : IConsumer<DownloadCode>
{
    public Task Consume(ConsumeContext<DownloadCode> context) => runner.RunAsync(
        context,
        async run =>
        {
            try
            {
                return new Download(await downloader.DownloadAsync(run.Command, run.Log, run.Cancellation), null);
            }
            catch (PushOvertakenException overtaken)
            {
                return new Download(null, overtaken.Head);
            }
        },
        (command, download, log) => download.Source is not { } source ? new CodeOvertaken
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Head = download.Head,
        }
        : new CodeDownloaded
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

    private sealed record Download(DownloadedSource? Source, string? Head);
}
