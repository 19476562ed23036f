using System.Text;
using Paas.Contracts;
using Paas.Hosting.Processes;
using Paas.ImageBuilder.Local.Runtimes;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>Publishes the one project there is; the image has the app and the runtime, and no SDK.</summary>
internal static class DotNetDockerfile
{
    private const int MaxProjects = 50;
    private const string Artifacts = "/tmp/artifacts";

    private static readonly string[] Shared =
    [
        "global.json", "nuget.config", "NuGet.config", "NuGet.Config", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props",
        "packages.lock.json",
    ];

    public static string Write(DockerfileWriter dockerfile, BuildPlan plan, ContextFiles files, BaseImages images)
    {
        var project = DotNetProject.Find(
            [.. files.Names.Where(DotNetProject.IsProject).Order(StringComparer.Ordinal)],
            path => new MemoryStream(Encoding.UTF8.GetBytes(files.Text(path) ?? "<Project />")));
        var quoted = DockerfileWriter.IsPlain(project) ? project : $"'{project.Replace("'", "'\\''", StringComparison.Ordinal)}'";
        // SDKs before 8 don't know of it, and leave what they make in the app.
        var artifacts = int.TryParse(plan.RuntimeVersion?.Split('.')[0], out var major) && major < 8 ? "" : $" --artifacts-path {Artifacts}";

        dockerfile
            .From(images.DotNetSdkFor(plan.RuntimeVersion), "build")
            .Line("ENV DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDTERMINALLOGGER=off")
            .Line("WORKDIR /app");
        var restored = files.Names.Where(name => DotNetProject.IsProject(name) || Shared.Contains(name[(name.LastIndexOf('/') + 1)..])).ToList();
        var isApart = restored.Count <= MaxProjects && restored.TrueForAll(DockerfileWriter.IsPlain);
        if (isApart)
            dockerfile.CopyFiles(restored).RunWithVariables($"dotnet restore {quoted}{artifacts}");
        dockerfile.CopySource()
            .RunWithVariables($"dotnet publish {quoted} -c Release -o {SlugEnvironment.DotNetPublish}{artifacts}{(isApart ? " --no-restore" : "")}")
            .Run(plan.Command);

        return dockerfile.From(images.DotNetFor(plan.RuntimeVersion))
            .Line($"ENV PORT=8080 DOTNET_CONTENTROOT=/app/{SlugEnvironment.DotNetPublish} PATH=/app/{SlugEnvironment.DotNetPublish}:$PATH")
            .AddUser()
            .CopyFrom("build", "/app", "/app")
            .Line($"USER {DockerfileWriter.User}")
            // Where it listens is a setting of ASP.NET Core's own.
            .Line("""ENTRYPOINT ["/bin/sh", "-c", "export ASPNETCORE_HTTP_PORTS=\"$PORT\"; exec \"$@\"", "paas"]""")
            .ToString();
    }
}
