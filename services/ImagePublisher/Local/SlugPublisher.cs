using System.Diagnostics;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher.Local;

/// <summary>
/// Puts slugs into the artifact store. What was published is noted beside the build's folder before that is deleted,
/// so that a command that comes again gets the same answer.
/// </summary>
public sealed class SlugPublisher(IArtifactStore artifacts, ArtifactQuota quota, IOptions<PaasOptions> paas, TimeProvider clock) : IImagePublisher
{
    public IReadOnlyList<string> Targets { get; } = [Target.Local];

    public async Task<string?> PublishAsync(PublishImage command, IStepLog log, CancellationToken cancellation)
    {
        if (LocalBuild.Find(paas.Value.DataDirectory, command.ImageId) is not { } build)
            throw new StepPermanentException(ImagePublisherTexts.NotAnImageId(command.ImageId));
        // Two at once would take the folder away from each other, and the second would publish what is left of it.
        using var turn = await build.LockAsync(clock, cancellation);
        if (await FindPublishedAsync(build, cancellation) is { } published)
        {
            log.Heading(ImagePublisherTexts.AlreadyPublished(published));
            build.Delete();
            return published;
        }

        if (!build.IsBuilt)
        {
            log.Warning(ImagePublisherTexts.Lost(command.ImageId, command.Builder));
            return null;
        }

        var started = Stopwatch.GetTimestamp();
        log.Heading(ImagePublisherTexts.Publishing(command.App));
        await quota.EnsureAsync(command.AppId, cancellation);
        var digest = await artifacts.SaveAsync(stream => SlugArchive.PackAsync(build.Slug, stream, cancellation), cancellation);
        await NoteAsync(build, digest, cancellation);
        build.Delete();
        var size = await SizeAsync(digest, cancellation);
        quota.Note(command.AppId, digest, size);
        log.Detail(ImagePublisherTexts.Published(digest, size, Stopwatch.GetElapsedTime(started)));
        return digest;
    }

    private async Task<string?> FindPublishedAsync(LocalBuild build, CancellationToken cancellation)
    {
        try
        {
            var digest = await File.ReadAllTextAsync(build.DigestFile, cancellation);
            // Saved by an earlier try, perhaps long ago: it is about to be referred to.
            await artifacts.RenewAsync(digest, cancellation);
            return digest;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (ArtifactNotFoundException)
        {
            // The store was emptied meanwhile: without this note the builder makes the slug anew.
            File.Delete(build.DigestFile);
            return null;
        }
    }

    private static async Task NoteAsync(LocalBuild build, string digest, CancellationToken cancellation)
    {
        var incoming = $"{build.DigestFile}.{Guid.NewGuid():N}";
        await File.WriteAllTextAsync(incoming, digest, cancellation);
        File.Move(incoming, build.DigestFile, overwrite: true);
    }

    private async Task<long> SizeAsync(string digest, CancellationToken cancellation)
    {
        await using var stored = await artifacts.OpenAsync(digest, cancellation);
        return stored.Length;
    }
}
