using System.Diagnostics;
using System.Text.Json;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>Packages are installed by the tool whose lock file is there, and those only the build needs go again.</summary>
internal sealed class Node : ISlugRuntime
{
    private NodePackage? _package;
    private PackageTool? _tool;

    public async Task PrepareAsync(BuildSession session)
    {
        var asked = session.Command.Plan.RuntimeVersion;
        var version = await VersionAsync(session, "node")
            ?? throw new StepFailedException(FailureReason.RuntimeNotInstalled, ImageBuilderTexts.RuntimeNotInstalled("Node.js", asked, "nodejs and npm"));
        session.Log.Heading(ImageBuilderTexts.Using("Node.js", version));
        if (!RuntimeVersion.Matches(version, asked))
            session.Log.Warning(ImageBuilderTexts.OtherVersion("Node.js", asked!, version));
        // What is only needed to build would not be installed with it; afterwards the build may see what the app says.
        session.Variables.Remove("NODE_ENV");
        _package = NodePackage.Read(session.Slug);
        if (_package is null)
            return;

        _tool = PackageTool.For(session.Slug);
        if (await VersionAsync(session, _tool.Name) is null)
            throw new StepFailedException(FailureReason.RuntimeNotInstalled, ImageBuilderTexts.PackageToolNotInstalled(_tool.Name, _tool.LockFile));
        var started = Stopwatch.GetTimestamp();
        session.Log.Heading(ImageBuilderTexts.Installing(_tool.LockFile ?? NodePackage.FileName));
        foreach (var (name, value) in PackageTool.Settings(session.Cache("node")))
            session.Variables[name] = value;
        await session.RunAsync(_tool.Name, _tool.Install);
        session.Log.Detail(ImageBuilderTexts.InstalledIn(Stopwatch.GetElapsedTime(started)));
        if (session.App.All.TryGetValue("NODE_ENV", out var environment))
            session.Variables["NODE_ENV"] = environment;
        if (_package.HasBuildScript && session.Command.Plan.Command is null)
        {
            session.Log.Heading(ImageBuilderTexts.RunningBuildScript());
            await session.RunAsync(_tool.Name, "run", "build");
        }
    }

    public async Task FinishAsync(BuildSession session)
    {
        if (_package is not { HasDevDependencies: true } || _tool?.Prune is not { } prune)
            return;
        session.Log.Heading(ImageBuilderTexts.Pruning());
        await session.RunAsync(_tool.Name, prune);
    }

    private static async Task<string?> VersionAsync(BuildSession session, string tool) =>
        await session.AskAsync(tool, "--version") is [.., var version] ? version.TrimStart('v') : null;
}

/// <summary>What <c>package.json</c> says about the build.</summary>
internal sealed record NodePackage(bool HasBuildScript, bool HasDevDependencies)
{
    public const string FileName = "package.json";

    /// <returns>Null if there is none.</returns>
    public static NodePackage? Read(string folder)
    {
        var file = new FileInfo(Path.Combine(folder, FileName));
        return file.Exists ? Parse(File.ReadAllText(file.FullName)) : null;
    }

    /// <exception cref="StepFailedException">It is not valid.</exception>
    public static NodePackage Parse(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return new NodePackage(Has(json, "scripts", "build"), Has(json, "devDependencies", null));
        }
        catch (JsonException invalid)
        {
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.InvalidJson(FileName, invalid));
        }
    }

    private static bool Has(JsonDocument json, string section, string? name) =>
        json.RootElement.ValueKind is JsonValueKind.Object
        && json.RootElement.TryGetProperty(section, out var entries)
        && entries.ValueKind is JsonValueKind.Object
        && entries.EnumerateObject().Any(entry => name is null || entry.Name == name);
}
