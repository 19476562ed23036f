using Paas.Contracts;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>
/// The Dockerfile of an app that has none. Dependencies come before the source, so that a change of the source alone
/// does not install them again; processes are not root's; <c>PORT</c> says where <c>web</c> listens.
/// </summary>
internal static class GeneratedDockerfile
{
    /// <summary>The name in the context.</summary>
    public const string Name = "Dockerfile";

    public static string For(BuildPlan plan, ContextFiles files, BaseImages images) => plan.Runtime switch
    {
        RuntimeName.Python => PythonDockerfile.Write(plan, files, images),
        RuntimeName.Node => NodeDockerfile.Write(plan, files, images),
        RuntimeName.DotNet => DotNetDockerfile.Write(plan, files, images),
        RuntimeName.Go => GoDockerfile.Write(plan, files, images),
        RuntimeName.Php => PhpDockerfile.Write(plan, files, images),
        RuntimeName.Static => StaticDockerfile.Write(plan, files, images),
        _ => ProcessDockerfile.Write(plan, images),
    };
}

/// <summary>What is in the repository is started as it is.</summary>
internal static class ProcessDockerfile
{
    public static string Write(BuildPlan plan, BaseImages images) => new DockerfileWriter()
        .From(images.Process)
        .Line("ENV PORT=8080")
        .AddUser()
        .CopySource(isOwn: true)
        .Line($"USER {DockerfileWriter.User}")
        .Run(plan.Command)
        .ToString();
}
