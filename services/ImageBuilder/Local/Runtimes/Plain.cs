using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>What is in the repository is started as it is.</summary>
internal sealed class PlainProcess : ISlugRuntime
{
    public Task PrepareAsync(BuildSession session) => Task.CompletedTask;

    public Task FinishAsync(BuildSession session) => Task.CompletedTask;
}

/// <summary>The files to serve are in the repository, or the build command makes them.</summary>
internal sealed class StaticSite : ISlugRuntime
{
    public Task PrepareAsync(BuildSession session) => Task.CompletedTask;

    public Task FinishAsync(BuildSession session)
    {
        var root = session.Command.Plan.StaticRoot ?? "";
        return Directory.Exists(Path.Combine(session.Slug, root))
            ? Task.CompletedTask
            : throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.NoStaticRoot(root));
    }
}
