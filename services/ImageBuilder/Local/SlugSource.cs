using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local;

/// <summary>Turns the stored sources of a commit into the folder that becomes the slug.</summary>
internal sealed class SlugSource(IArtifactStore artifacts, ImageBuilderOptions options)
{
    public async Task UnpackAsync(BuildSession session)
    {
        var source = Path.Combine(session.Build.Folder, "source");
        Directory.CreateDirectory(session.Variables["HOME"]);
        Directory.CreateDirectory(session.Temp);
        try
        {
            await using var archive = await artifacts.OpenAsync(session.Command.SourceDigest, session.Cancellation);
            await SlugArchive.UnpackAsync(archive, source, new ArchiveLimits(options.MaxSlugBytes, options.MaxSlugFiles), session.Cancellation);
        }
        catch (ArchiveRefusedException refused)
        {
            throw new StepFailedException(FailureReason.SourceRefused, ImageBuilderTexts.SourceRefused(refused.Message));
        }
        catch (ArchiveTooLargeException)
        {
            throw new StepFailedException(FailureReason.ImageTooLarge, ImageBuilderTexts.SourceTooLarge(options));
        }

        Directory.Move(ContextOf(source, session.Command.Plan.Context), session.Slug);
        // A repository that brings what only a build may make would mix its files with ours.
        foreach (var made in new[] { SlugEnvironment.Commands, SlugEnvironment.PythonPackages, SlugEnvironment.DotNetPublish })
        {
            if (Path.Combine(session.Slug, made) is var folder && Directory.Exists(folder))
                LocalBuild.Delete(folder);
        }
    }

    private static string ContextOf(string source, string? context)
    {
        var folder = new DirectoryInfo(source);
        foreach (var part in (context ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."))
        {
            folder = new DirectoryInfo(Path.Combine(folder.FullName, part));
            if (part == ".." || !folder.Exists || folder.LinkTarget is not null)
                throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.NoSuchContext(context!));
        }

        return folder.FullName;
    }
}
