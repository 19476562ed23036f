using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
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
    private const int HiddenBytes = 16;

    public IReadOnlyList<string> Targets { get; } = [Target.Docker, Target.Kubernetes];

    public async Task<string?> PublishAsync(PublishImage command, IStepLog log, CancellationToken cancellation)
    {
        if (!ImageId().IsMatch(command.ImageId))
            throw new StepPermanentException(ImagePublisherTexts.NotADockerImage(command.ImageId));
        var app = options.Value.ImagesOf(command.AppId, command.App);
        var image = await engine.FindImageAsync(command.ImageId, cancellation);
        if (image is not null && !app.Include(image))
            throw new StepPermanentException(ImagePublisherTexts.ImageOfAnother(command.ImageId, command.App));

        var digest = app.InRegistry is { } repository
            ? await PublishAsync(command, app, image, repository, log, cancellation)
            : Keep(image, log);
        if (digest is null)
        {
            log.Warning(await LostAsync(command, cancellation));
            return null;
        }

        await HideAsync(app, command.ImageId, cancellation);
        if (image is not null)
            await pruner.PruneAsync(image, app, log, cancellation);
        return digest;
    }

    private static string? Keep(EngineImage? image, IStepLog log)
    {
        if (image is not null)
            log.Heading(ImagePublisherTexts.StaysOnEngine(image.Id));
        return image?.Id;
    }

    private async Task<string?> PublishAsync(
        PublishImage command, AppImages app, EngineImage? image, string repository, IStepLog log, CancellationToken cancellation)
    {
        var tag = command.Commit[..TagLength];
        try
        {
            if (await registry.FindAsync(command.App, tag, cancellation) is { } published && published.Is(command.ImageId))
            {
                log.Heading(ImagePublisherTexts.AlreadyPublished($"{repository}@{published.Digest}"));
                return published.Digest;
            }

            return image is null ? null : await PushAsync(app, image, repository, tag, log, cancellation);
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

    private async Task<string?> PushAsync(AppImages app, EngineImage image, string repository, string tag, IStepLog log, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        log.Heading(ImagePublisherTexts.Publishing($"{repository}:{tag}"));
        try
        {
            await engine.TagAsync(image, app, repository, tag, cancellation);
        }
        catch (EngineException exception) when (exception.Status == HttpStatusCode.NotFound)
        {
            return null;
        }

        var progress = new PushLog(log, clock);
        var digest = await engine.PushAsync(repository, tag, options.Value, progress.Take, cancellation);
        if (await registry.FindAsync(app.App, digest, cancellation) is not { } pushed || !pushed.Is(image.Id))
            throw new InvalidOperationException(ImagePublisherTexts.NotWhatWasPushed(repository, digest, image.Id));
        log.Detail(ImagePublisherTexts.Pushed(digest, progress.Pushed, progress.There, Stopwatch.GetElapsedTime(started)));
        return digest;
    }

    /// <summary>
    /// Takes from an image the tag by which it was pushed, which others could guess, and gives it one that no one can: by
    /// that the engine knows its digest, and need not pull what it runs.
    /// </summary>
    private async Task HideAsync(AppImages app, string imageId, CancellationToken cancellation)
    {
        if (app.InRegistry is not { } repository || await engine.FindImageAsync(imageId, cancellation) is not { } image || !app.Include(image))
            return;
        var tags = image.Tags.Where(tag => tag.StartsWith(repository + ":", StringComparison.Ordinal)).Select(tag => tag[(repository.Length + 1)..]).ToLookup(HiddenTag().IsMatch);
        if (tags[false].Any() && !tags[true].Any())
            await engine.TagAsync(image, app, repository, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(HiddenBytes)), cancellation);
        foreach (var tag in tags[false])
            await engine.UntagAsync(repository, tag, cancellation);
    }

    private async Task<string> LostAsync(PublishImage command, CancellationToken cancellation)
    {
        var here = (await engine.InfoAsync(cancellation)).Id;
        return here == command.Builder
            ? ImagePublisherTexts.Lost(command.ImageId, command.Builder)
            : ImagePublisherTexts.OnAnotherEngine(command.ImageId, command.Builder, here);
    }

    [GeneratedRegex(@"\A[0-9a-f]{32}\z")]
    private static partial Regex HiddenTag();

    [GeneratedRegex(@"^sha256:[0-9a-f]{64}\z")]
    private static partial Regex ImageId();
}
