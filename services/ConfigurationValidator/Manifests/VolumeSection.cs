using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary><c>volumes:</c>, names and the paths at which containers have them. There is no way to name a path of the machine.</summary>
internal static partial class VolumeSection
{
    public const int MaxCount = 5;
    private const int MaxPathLength = 200;
    private const string Example = "volumes: {data: /var/lib/app}";

    // Hidden by a volume, these would take the container's system or the app itself away.
    private static readonly string[] Whole = ["/", "/app", "/home", "/opt", "/root", "/run", "/tmp", "/usr", "/usr/local", "/var", "/var/lib", "/var/run"];
    private static readonly string[] WithAllBelow =
        ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sbin", "/sys", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin"];

    public static IReadOnlyList<Placed<AppVolume>> Read(MapReader map, SourceErrors errors)
    {
        var volumes = new List<Placed<AppVolume>>();
        if (map.Get("volumes") is not { } node)
            return volumes;
        if (node is not YamlMap section)
        {
            errors.Add(node.At, ConfigurationValidatorTexts.MappingExpected("volumes", Example));
            return volumes;
        }

        foreach (var (name, value) in section.Entries)
        {
            if (!NamePattern().IsMatch(name.Value))
                errors.Add(name.At, ConfigurationValidatorTexts.VolumeNameWrong(name.Value));
            else if (value is not YamlText { IsNothing: false } text)
                errors.Add(value.At, ConfigurationValidatorTexts.TextExpected($"volumes.{name.Value}", Example));
            else if (Clean(text.Value) is not { } path)
                errors.Add(text.At, ConfigurationValidatorTexts.VolumePathWrong(name.Value, text.Value));
            else if (IsOfTheSystem(path))
                errors.Add(text.At, ConfigurationValidatorTexts.VolumePathTaken(name.Value, path));
            else if (volumes.Find(other => Contains(other.Value.Path, path) || Contains(path, other.Value.Path)) is { } other)
                errors.Add(text.At, ConfigurationValidatorTexts.VolumeWithinOther(name.Value, other.Value.Name, other.Value.Path));
            else
                volumes.Add(new(new() { Name = name.Value, Path = path }, name.At));
        }

        if (section.Entries.Count > MaxCount)
            errors.Add(section.At, ConfigurationValidatorTexts.TooMany("volumes", section.Entries.Count, MaxCount));
        return volumes;
    }

    /// <summary>The path without a slash at its end; null if it is none.</summary>
    private static string? Clean(string path)
    {
        var clean = path.Length > 1 ? path.TrimEnd('/') : path;
        return path.Length <= MaxPathLength && (path == "/" || PathPattern().IsMatch(clean)) && clean.Split('/').All(part => part is not ("." or "..")) ? clean : null;
    }

    private static bool IsOfTheSystem(string path) => Whole.Contains(path) || WithAllBelow.Any(folder => Contains(folder, path));

    private static bool Contains(string folder, string path) => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);

    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]{0,29}\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^(/[A-Za-z0-9._@+-]+)+\z")]
    private static partial Regex PathPattern();
}
