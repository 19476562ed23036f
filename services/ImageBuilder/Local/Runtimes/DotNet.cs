using System.Diagnostics;
using Paas.Contracts;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>Publishes the one project there is.</summary>
internal sealed class DotNet : ISlugRuntime
{
    public async Task PrepareAsync(BuildSession session)
    {
        ShieldFromFoldersAbove(session.Build.Folder);
        foreach (var (name, value) in Settings(session))
            session.Variables[name] = value;
        var asked = session.Command.Plan.RuntimeVersion;
        var version = await session.AskAsync("dotnet", "--version") is [.., var last] ? last : null;
        if (version is null || IsOlder(version, asked))
            throw new StepFailedException(FailureReason.RuntimeNotInstalled, ImageBuilderTexts.DotNetNotInstalled(asked, version));
        session.Log.Heading(ImageBuilderTexts.Using(".NET SDK", version));
        if (!RuntimeVersion.Matches(version, asked))
            session.Log.Warning(ImageBuilderTexts.OtherVersion(".NET", asked!, version));

        var project = DotNetProject.Find(session.Slug);
        var started = Stopwatch.GetTimestamp();
        session.Log.Heading(ImageBuilderTexts.Publishing(project));
        await session.RunAsync(
            "dotnet",
            ["publish", project, "-c", "Release", "-o", SlugEnvironment.DotNetPublish],
            [
                "--nologo", "-nodeReuse:false",
                // What is only needed to build stays out of the slug, and where it was built stays out of stack traces.
                "--artifacts-path", Path.Combine(session.Temp, "dotnet"),
                $"-p:PathMap={session.Slug}=/app%2C{session.Temp}=/tmp",
                "-p:UseSharedCompilation=false",
            ]);
        session.Log.Detail(ImageBuilderTexts.PublishedIn(Stopwatch.GetElapsedTime(started)));
    }

    public Task FinishAsync(BuildSession session) => Task.CompletedTask;

    /// <summary>MSBuild and the SDK look for their files in all folders above a project, which here are the platform's.</summary>
    private static void ShieldFromFoldersAbove(string folder)
    {
        foreach (var file in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" })
            File.WriteAllText(Path.Combine(folder, file), "<Project />\n");
        File.WriteAllText(Path.Combine(folder, "global.json"), "{}\n");
        File.WriteAllText(Path.Combine(folder, ".editorconfig"), "root = true\n");
    }

    private static Dictionary<string, string> Settings(BuildSession session)
    {
        var cache = session.Cache("dotnet");
        return new()
        {
            ["DOTNET_CLI_HOME"] = cache,
            ["NUGET_PACKAGES"] = Path.Combine(cache, "packages"),
            ["NUGET_HTTP_CACHE_PATH"] = Path.Combine(cache, "http"),
            ["NUGET_PLUGINS_CACHE_PATH"] = Path.Combine(cache, "plugins"),
            ["NUGET_SCRATCH"] = Path.Combine(session.Temp, "nuget"),
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
            ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
            ["DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE"] = "true",
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["MSBUILDTERMINALLOGGER"] = "off",
        };
    }

    private static bool IsOlder(string version, string? asked) =>
        int.TryParse(asked?.Split('.')[0], out var major) && int.TryParse(version.Split('.')[0], out var installed) && installed < major;
}
