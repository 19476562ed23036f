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
        if (!RuntimeVersion.Matches(version, session.Command.Plan))
            session.Log.Warning(ImageBuilderTexts.OtherVersion("Node.js", session.Command.Plan.RuntimeRange ?? asked!, version));
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
        if (_package.HasPrebuildScript)
            await RunScriptAsync(session, NodePackage.Prebuild);
        await session.RunAsync(_tool.Name, _tool.Install);
        session.Log.Detail(ImageBuilderTexts.InstalledIn(Stopwatch.GetElapsedTime(started)));
        if (session.App.All.TryGetValue("NODE_ENV", out var environment))
            session.Variables["NODE_ENV"] = environment;
        if (_package.BuildScript is { } script && session.Command.Plan.Command is null)
            await RunScriptAsync(session, script);
    }

    public async Task FinishAsync(BuildSession session)
    {
        if (_package is { HasDevDependencies: true } && _tool?.Prune is { } prune)
        {
            session.Log.Heading(ImageBuilderTexts.Pruning());
            await session.RunAsync(_tool.Name, prune);
        }

        if (_package is { HasCleanupScript: true })
            await RunScriptAsync(session, NodePackage.Cleanup);
    }

    private async Task RunScriptAsync(BuildSession session, string script)
    {
        session.Log.Heading(ImageBuilderTexts.RunningScript(script));
        await session.RunAsync(_tool!.Name, "run", script);
    }

    private static async Task<string?> VersionAsync(BuildSession session, string tool) =>
        await session.AskAsync(tool, "--version") is [.., var version] ? version.TrimStart('v') : null;
}

/// <summary>What <c>package.json</c> says about the build.</summary>
/// <param name="BuildScript">The script that builds the app; null if there is none. Heroku's own name for it wins, as there.</param>
/// <param name="HasDevDependencies">Whether there are packages that only the build needs.</param>
/// <param name="HasPrebuildScript">Whether there is one to be run before packages are installed.</param>
/// <param name="HasCleanupScript">Whether there is one to be run at the end.</param>
internal sealed record NodePackage(string? BuildScript, bool HasDevDependencies, bool HasPrebuildScript, bool HasCleanupScript)
{
    public const string Prebuild = "heroku-prebuild";
    public const string Cleanup = "heroku-cleanup";
    private static readonly string[] BuildScripts = ["heroku-postbuild", "build"];

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
            return new NodePackage(
                BuildScripts.FirstOrDefault(script => Has(json, "scripts", script)), Has(json, "devDependencies", null),
                Has(json, "scripts", Prebuild), Has(json, "scripts", Cleanup));
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
