using System.Text.Json;
using Paas.ConfigurationValidator.Manifests;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Runtimes;

internal static class NodeApp
{
    private const string Package = "package.json";
    private static readonly string[] Mains = ["server.js", "index.js", "app.js"];

    public static DetectedRuntime? Detect(SourceFiles source) => source.HasFile(Package) ? new(RuntimeName.Node, Package) : null;

    public static AskedVersion? Version(SourceFiles source)
    {
        using var package = JsonFile.Read(source, Package);
        return JsonFile.Text(package, "engines", "node") is { Length: > 0 } range
            ? new(range, "engines.node in package.json")
            : VersionFiles.FirstLine(source, ".nvmrc") ?? VersionFiles.FirstLine(source, ".node-version");
    }

    public static CommandLine WebCommand(SourceFiles source)
    {
        using var package = JsonFile.Read(source, Package);
        if (!string.IsNullOrWhiteSpace(JsonFile.Text(package, "scripts", "start")))
            return new() { Words = ["npm", "start"] };
        if ((MainFile(source, JsonFile.Text(package, "main")) ?? Mains.FirstOrDefault(source.HasFile)) is { } main)
            return new() { Words = ["node", main] };
        throw new StepFailedException(FailureReason.RuntimeNotDetected, ConfigurationValidatorTexts.NodeHasNoCommand);
    }

    /// <summary>The file that <c>main</c> means, by the rules of <c>require</c>.</summary>
    private static string? MainFile(SourceFiles source, string? main)
    {
        if (string.IsNullOrWhiteSpace(main) || RepositoryPath.Clean(main) is not { } path)
            return null;
        string[] candidates = path.Length == 0 ? ["index.js"] : [path, path + ".js", path + "/index.js"];
        // A dollar sign would be taken for a variable, a leading minus for an option.
        return candidates.FirstOrDefault(file => source.HasFile(file) && !file.Contains('$', StringComparison.Ordinal) && !file.StartsWith('-'));
    }
}
