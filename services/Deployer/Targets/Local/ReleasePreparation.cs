using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Local;

/// <summary>What happens to a release before its processes start: its slug is unpacked, and its release command runs.</summary>
internal sealed class ReleasePreparation(AppFolder folder, LocalServices services)
{
    private const string Name = "release";

    /// <param name="release">The release.</param>
    /// <param name="reuse">Whether a folder that holds the release already is taken as it is.</param>
    /// <param name="cancellation">Ends the unpacking.</param>
    public async Task<ReleaseFolder> UnpackAsync(CurrentRelease release, bool reuse, CancellationToken cancellation)
    {
        var final = folder.Release(release.Release);
        if (reuse && final.Holds(release.ImageDigest))
            return final;
        var unpacking = folder.NewUnpackFolder();
        try
        {
            var options = services.Options.Value;
            await using var archive = await services.Artifacts.OpenAsync(release.ImageDigest, cancellation);
            await SlugArchive.UnpackAsync(archive, unpacking.Slug, new ArchiveLimits(options.MaxSlugBytes, options.MaxSlugEntries), cancellation);
            unpacking.MoveTo(final, release.ImageDigest);
            return final;
        }
        finally
        {
            FolderDeletion.Delete(unpacking.Root);
        }
    }

    public bool NeedsReleaseCommand(CurrentRelease release) => release.Run.Release is not null && !folder.IsReleaseCommandDone(release.Release);

    /// <summary>Runs the command that prepares a release, such as a migration of its database.</summary>
    /// <exception cref="StepFailedException">It failed, or there is no such command.</exception>
    public async Task RunReleaseCommandAsync(CurrentRelease release, ReleaseFolder slug, IStepLog log, AppLog appLog, CancellationToken cancellation)
    {
        var command = release.Run.Release!;
        log.Heading(DeployerTexts.RunningReleaseCommand(command.ToString()));
        int exitCode;
        try
        {
            exitCode = await services.Instances.RunToEndAsync(release, slug, command, line =>
            {
                log.Detail(line);
                appLog.Write(Name, line);
            }, cancellation);
        }
        catch (CommandNotFoundException missing)
        {
            throw new StepFailedException(FailureReason.ReleaseCommandFailed, DeployerTexts.CommandNotFound(Name, missing.Command));
        }

        if (exitCode != 0)
            throw new StepFailedException(FailureReason.ReleaseCommandFailed, DeployerTexts.ReleaseCommandFailed(command.ToString(), exitCode));
        folder.MarkReleaseCommandDone(release.Release);
    }
}
