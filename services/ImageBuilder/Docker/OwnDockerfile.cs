using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker;

/// <summary>The repository's own Dockerfile.</summary>
/// <param name="Path">From the root of the repository; links are followed.</param>
/// <param name="Text">What it says.</param>
internal sealed record OwnDockerfile(string Path, string Text)
{
    /// <summary>Its name in a context that it is not in itself.</summary>
    private const string AddedName = ".paas.Dockerfile";

    /// <exception cref="StepFailedException">There is none.</exception>
    public static OwnDockerfile Find(SourceTree tree, BuildPlan plan)
    {
        var asked = ContextFiles.Normalize(plan.Dockerfile ?? "Dockerfile");
        if (asked.Split('/').Contains("..") || tree.Resolve(asked) is not { } path || !tree.Files.Contains(path))
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.NoDockerfile(asked));
        return tree.Text(path) is { } text
            ? new OwnDockerfile(path, text)
            : throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.DockerfileTooLarge(asked));
    }

    /// <summary>Its path in the context, and the file to add if it lies outside.</summary>
    public (string Path, (string Name, string Text)? Added) In(ContextFiles files)
    {
        if (files.Within(Path) is { } within)
            return (within, null);
        var name = AddedName;
        while (files.Has(name))
            name += "_";
        return (name, (name, Text));
    }
}
