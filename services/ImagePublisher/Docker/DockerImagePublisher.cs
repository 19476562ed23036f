using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher.Docker;

/// <summary>
/// Pushes images from the engine that built them to the registry; without a registry they stay where they are. The
/// registry is asked first, so that a command that comes again gets the same answer.
/// </summary>
public sealed partial class DockerImagePublisher(
    EngineClient engine, ImageRegistry registry, ImagePruner pruner, IOptions<RegistryOptions> options, TimeProvider clock) : IImagePublisher
{
    private const int TagLength = 12;

    public IReadOnlyList<string> Targets { get; } = [Target.Docker, Target.Kubernetes];

    public async Task<string?> PublishAsync(PublishImage command, IStepLog log, CancellationToken cancellation)
    {
        if (!ImageId().IsMatch(command.ImageId))
            throw new StepPermanentException(ImagePublisherTexts.NotADockerImage(command.ImageId));
        var image = await engine.FindImageAsync(command.ImageId, cancellation);
        if (image is not null && image.App != command.AppId)
            throw new StepPermanentException(ImagePublisherTexts.ImageOfAnother(command.ImageId, command.App));

        var digest = options.Value.Prefix is { } prefix
            ? await PublishAsync(command, image, $"{prefix}/{command.App}", log, cancellation)
            : Keep(image, log);
        if (digest is null)
            log.Warning(await LostAsync(command, cancellation));
        else if (image is not null)
            await pruner.PruneAsync(image, log, cancellation);
        return digest;
    }

    private static string? Keep(EngineImage? image, IStepLog log)
    {
        if (image is not null)
            log.Heading(ImagePublisherTexts.StaysOnEngine(image.Id));
        return image?.Id;
    }

    private async Task<string?> PublishAsync(PublishImage command, EngineImage? image, string repository, IStepLog log, CancellationToken cancellation)
    {
        var tag = command.Commit[..TagLength];
        try
        {
            if (await registry.FindAsync(command.App, tag, cancellation) is { } published && published.Is(command.ImageId))
            {
                log.Heading(ImagePublisherTexts.AlreadyPublished($"{repository}@{published.Digest}"));
                return published.Digest;
            }

            return image is null ? null : await PushAsync(command.App, image, repository, tag, log, cancellation);
        }
        catch (ImageRegistryException exception) when (exception.IsRefusal)
        {
            throw new StepPermanentException(exception.Message, exception);
        }
        catch (ImagePushException exception) when (exception.Problem == PushProblem.Refused)
        {
            throw new StepPermanentException(exception.Message, exception);
        }
        catch (ImagePushException exception) when (exception.Problem == PushProblem.ImageGone)
        {
            return null;
        }
    }

    private async Task<string?> PushAsync(string app, EngineImage image, string repository, string tag, IStepLog log, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        log.Heading(ImagePublisherTexts.Publishing($"{repository}:{tag}"));
        try
        {
            // The tag stays afterwards: with it the engine knows the image by its digest, and need not pull it to run it.
            await engine.TagAsync(image, repository, tag, cancellation);
        }
        catch (EngineException exception) when (exception.Status == HttpStatusCode.NotFound)
        {
            return null;
        }

        var progress = new PushLog(log, clock);
        var digest = await engine.PushAsync(repository, tag, options.Value, progress.Take, cancellation);
        if (await registry.FindAsync(app, digest, cancellation) is not { } pushed || !pushed.Is(image.Id))
            throw new InvalidOperationException(ImagePublisherTexts.NotWhatWasPushed(repository, digest, image.Id));
        log.Detail(ImagePublisherTexts.Pushed(digest, progress.Pushed, progress.There, Stopwatch.GetElapsedTime(started)));
        return digest;
    }

    private async Task<string> LostAsync(PublishImage command, CancellationToken cancellation)
    {
        var here = (await engine.InfoAsync(cancellation)).Id;
        return here == command.Builder
            ? ImagePublisherTexts.Lost(command.ImageId, command.Builder)
            : ImagePublisherTexts.OnAnotherEngine(command.ImageId, command.Builder, here);
    }

    [GeneratedRegex(@"^sha256:[0-9a-f]{64}\z")]
    private static partial Regex ImageId();
}
