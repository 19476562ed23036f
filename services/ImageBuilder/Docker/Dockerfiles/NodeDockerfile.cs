using System.Text.Json;
using System.Text.RegularExpressions;
using Paas.Contracts;
using Paas.Hosting.Steps;
using Paas.ImageBuilder.Local.Runtimes;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>Packages by the tool whose lock file is there; those only the build needs stay behind in its stage.</summary>
internal static partial class NodeDockerfile
{
    // What the tools read beside package.json and the lock file.
    private static readonly string[] Settings = [".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs"];

    private static readonly string[] InstallScripts = ["preinstall", "install", "postinstall", "prepare", NodePackage.Prebuild];

    // What is only needed to build would not be installed with it.
    private const string Environment = "NODE_ENV";

    public static string Write(DockerfileWriter dockerfile, BuildPlan plan, ContextFiles files, BaseImages images)
    {
        var image = images.NodeFor(plan.RuntimeVersion);
        dockerfile.From(image, "base");
        if (files.Text(NodePackage.FileName) is not { } text)
        {
            return dockerfile
                .Line("ENV PORT=8080 NODE_ENV=production")
                .AddUser()
                .CopySource(isOwn: true)
                .Line($"USER {DockerfileWriter.User}")
                .Run(plan.Command)
                .ToString();
        }

        AddTool(dockerfile, text, files);
        dockerfile.From("base", "build");
        Build(dockerfile, text, plan, files);
        return dockerfile.From("base")
            .Line("ENV PORT=8080 NODE_ENV=production")
            .AddUser()
            .CopyFrom("build", "/build", "/app")
            .Line($"USER {DockerfileWriter.User}")
            .ToString();
    }

    /// <summary>The tool itself, where the image has none or another version is asked for.</summary>
    public static void AddTool(DockerfileWriter dockerfile, string package, ContextFiles files)
    {
        var tool = PackageTool.For(files.Has);
        var asked = Manager().Match(Value(package, "packageManager") ?? "") is { Success: true } manager && manager.Groups["name"].Value == tool.Name
            ? manager.Groups["version"].Value
            : null;
        if (tool.Name == "pnpm")
            dockerfile.RunWithVariables($"npm install --global pnpm@{asked ?? "latest"}");
        else if (tool.Name == "yarn" && files.Has(".yarnrc.yml") && !files.Names.Any(name => name.StartsWith(".yarn/releases/", StringComparison.Ordinal)))
            dockerfile.RunWithVariables($"npm install --global --force @yarnpkg/cli-dist@{asked ?? "latest"}");
    }

    /// <summary>Installs, builds, and takes away again what only the build needs; in <c>/build</c>.</summary>
    public static void Build(DockerfileWriter dockerfile, string text, BuildPlan plan, ContextFiles files)
    {
        var package = NodePackage.Parse(text);
        var tool = PackageTool.For(files.Has);
        var install = $"{tool.Name} {string.Join(' ', tool.Install)}";
        dockerfile.Line("WORKDIR /build");
        if (NeedsSource(text, files))
        {
            dockerfile.CopySource();
            if (package.HasPrebuildScript)
                dockerfile.RunWithVariables($"{tool.Name} run {NodePackage.Prebuild}");
            dockerfile.RunWithVariables(install, without: Environment);
        }
        else
        {
            dockerfile.CopyFiles([NodePackage.FileName, .. new[] { tool.LockFile }.OfType<string>(), .. Settings.Where(files.Has)]).RunWithVariables(install, without: Environment).CopySource();
        }

        if (plan.Command is not null)
            dockerfile.Run(plan.Command);
        else if (package.BuildScript is { } script)
            dockerfile.RunWithVariables($"{tool.Name} run {script}");
        if (package.HasDevDependencies && tool.Prune is { } prune)
            dockerfile.RunWithVariables($"{tool.Name} {string.Join(' ', prune)}");
        if (package.HasCleanupScript)
            dockerfile.RunWithVariables($"{tool.Name} run {NodePackage.Cleanup}");
    }

    /// <summary>Whether packages can only be installed beside the app: it has several, patches, or scripts that are run then.</summary>
    private static bool NeedsSource(string text, ContextFiles files) =>
        files.Has("pnpm-workspace.yaml") || files.HasFolder(".yarn") || files.HasFolder("patches")
        || Value(text, "workspaces") is not null
        || LocalPackage().IsMatch(text)
        || InstallScripts.Any(script => Value(text, "scripts", script) is not null);

    /// <summary>What stands there, as text; null if nothing does.</summary>
    private static string? Value(string text, params string[] path)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var at = json.RootElement;
            foreach (var name in path)
            {
                if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                    return null;
            }

            return at.ToString();
        }
        catch (JsonException invalid)
        {
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.InvalidJson(NodePackage.FileName, invalid));
        }
    }

    [GeneratedRegex(@"\A(?<name>pnpm|yarn)@(?<version>[0-9][0-9A-Za-z.-]{0,40})(\+|\z)")]
    private static partial Regex Manager();

    [GeneratedRegex(@":\s*""(file|link|portal|patch|workspace):")]
    private static partial Regex LocalPackage();
}
