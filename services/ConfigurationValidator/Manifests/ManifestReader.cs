using System.Globalization;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary>Reads the keys of a manifest, each by its own rules, and goes on after an error to find the others.</summary>
internal sealed class ManifestReader(string file, SourceErrors errors)
{
    public static readonly string[] Keys =
        ["runtime", "entrypoint", "processes", "release", "health", "port", "static", "build", "env", "services", "volumes", "root"];

    private static readonly string[] SeedKeys = ["runtime", "entrypoint", "services"];

    public Manifest Read(YamlNode? root)
    {
        var manifest = new Manifest { File = file };
        if (root is null or YamlText { IsNothing: true })
            return manifest;
        if (MapReader.Open(root, "", KnownKeys(root), "runtime: python", errors) is not { } map)
            return manifest;

        var (runtime, version) = RuntimeSection.Read(map, errors);
        var health = HealthSection.Read(map, errors);
        var fixedRoot = map.Map("static", ["root"], "static: {root: public}");
        var build = map.Map("build", ["command", "dockerfile", "context", "args", "target"], "build: {command: npm run build}");
        return manifest with
        {
            Root = PathOf(map, "root", "root: server"),
            Runtime = runtime,
            RuntimeVersion = version,
            Processes = ProcessSection.Read(map, errors),
            Release = map.Command("release"),
            Health = health,
            Port = Port(map),
            StaticRoot = fixedRoot is null ? null : PathOf(fixedRoot, "root", "static: {root: public}"),
            BuildCommand = build?.Command("command"),
            Dockerfile = build is null ? null : PathOf(build, "dockerfile", "dockerfile: docker/Dockerfile"),
            Context = build is null ? null : PathOf(build, "context", "context: ."),
            DockerTarget = build is null ? null : BuildTarget(build),
            BuildArgs = BuildArgs(build),
            Env = map.Variables("env", "env: {NAME: value}", VariableRules.CheckEnv, VariableRules.MaxCount),
            AddOns = ServiceSection.Read(map, errors),
            Volumes = VolumeSection.Read(map, errors),
        };
    }

    /// <summary>The seed's manifest has three keys; one of the other keys in it gets an error that says where it belongs.</summary>
    private string[] KnownKeys(YamlNode root)
    {
        if (file != ManifestFile.SeedName)
            return Keys;
        if (root is YamlMap map)
        {
            foreach (var entry in map.Entries.Where(entry => Keys.Contains(entry.Key.Value) && !SeedKeys.Contains(entry.Key.Value)))
                errors.Add(entry.Key.At, ConfigurationValidatorTexts.KeyNeedsNewName(entry.Key.Value));
        }

        return errors.Any ? Keys : SeedKeys;
    }

    private Placed<string>? PathOf(MapReader map, string key, string example)
    {
        if (map.Text(key, example) is not { } text)
            return null;
        if (RepositoryPath.Clean(text.Value) is { } path)
            return new(path, text.At);
        errors.Add(text.At, ConfigurationValidatorTexts.PathWrong(map.PathOf(key), text.Value));
        return null;
    }

    private int? Port(MapReader map)
    {
        if (map.Text("port", "port: 3000") is not { } text)
            return null;
        if (int.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535)
            return port;
        errors.Add(text.At, ConfigurationValidatorTexts.PortWrong(text.Value));
        return null;
    }

    private Placed<string>? BuildTarget(MapReader build)
    {
        if (build.Text("target", "target: prod") is not { } text)
            return null;
        if (text.Value.Length <= 64 && text.Value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            return new(text.Value, text.At);
        errors.Add(text.At, ConfigurationValidatorTexts.BuildTargetWrong(text.Value));
        return null;
    }

    private static Placed<IReadOnlyDictionary<string, string>>? BuildArgs(MapReader? build)
    {
        if (build?.Get("args") is not { } node)
            return null;
        return new(build.Variables("args", "args: {NAME: value}", VariableRules.CheckName, VariableRules.MaxCount), node.At);
    }
}

/// <summary>Paths a manifest names: relative, and within the repository.</summary>
internal static class RepositoryPath
{
    /// <summary>The path without <c>./</c> and a trailing slash, <c>""</c> for the root; null if it leaves the repository.</summary>
    public static string? Clean(string path)
    {
        if (path.Length > SourceFiles.MaxNameLength || path.StartsWith('/') || path.Contains('\\', StringComparison.Ordinal)
            || path.StartsWith('~') || path.Any(char.IsControl))
            return null;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        return parts.Contains("..") ? null : string.Join('/', parts);
    }
}

/// <summary>What names of variables may look like.</summary>
internal static class VariableRules
{
    public const int MaxCount = 200;
    private const int MaxNameLength = 128;

    public static string? CheckName(string name) =>
        name.Length is > 0 and <= MaxNameLength && !char.IsAsciiDigit(name[0]) && name.All(c => c == '_' || char.IsAsciiLetterOrDigit(c))
            ? null
            : ConfigurationValidatorTexts.VariableNameWrong(name);

    public static string? CheckEnv(string name) =>
        name == "PORT" || name.StartsWith("PAAS_", StringComparison.Ordinal)
            ? ConfigurationValidatorTexts.VariableReserved(name)
            : CheckName(name);
}
