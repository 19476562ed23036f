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

    public static string For(BuildPlan plan, ContextFiles files, BaseImages images, VariableScript? variables = null) => plan.Runtime switch
    {
        RuntimeName.Python => PythonDockerfile.Write(new(variables), plan, files, images),
        RuntimeName.Node => NodeDockerfile.Write(new(variables), plan, files, images),
        RuntimeName.DotNet => DotNetDockerfile.Write(new(variables), plan, files, images),
        RuntimeName.Go => GoDockerfile.Write(new(variables), plan, files, images),
        RuntimeName.Php => PhpDockerfile.Write(new(variables), plan, files, images),
        RuntimeName.Static => StaticDockerfile.Write(new(variables), plan, files, images),
        _ => ProcessDockerfile.Write(new(variables), plan, images),
    };
}

/// <summary>What is in the repository is started as it is.</summary>
internal static class ProcessDockerfile
{
    public static string Write(DockerfileWriter dockerfile, BuildPlan plan, BaseImages images) => dockerfile
        .From(images.Process)
        .Line("ENV PORT=8080")
        .AddUser()
        .CopySource(isOwn: true)
        .Line($"USER {DockerfileWriter.User}")
        .Run(plan.Command)
        .ToString();
}
