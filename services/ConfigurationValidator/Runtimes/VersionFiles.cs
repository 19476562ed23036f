using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;

namespace Paas.ConfigurationValidator.Runtimes;

/// <summary>Versions as the tools of each language write them; those of .NET and Go count only where they are simply versions.</summary>
internal static partial class VersionFiles
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>What the first line of a file such as <c>.python-version</c> asks for.</summary>
    public static AskedVersion? FirstLine(SourceFiles source, string file, string prefix = "")
    {
        var line = Text(source, file)?.Split('\n').Select(line => line.Split('#')[0].Trim()).FirstOrDefault(line => line.Length > 0);
        if (line is null)
            return null;
        return new(line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..] : line, file);
    }

    /// <summary>The text of a key of a TOML file, wherever in it the key is.</summary>
    public static AskedVersion? Key(SourceFiles source, string file, string key)
    {
        var match = Regex.Match(Text(source, file) ?? "", $@"^[ \t]*{Regex.Escape(key)}[ \t]*=[ \t]*[""'](?<value>[^""'\n]+)[""']", RegexOptions.Multiline, Limit);
        return match.Success ? new(match.Groups["value"].Value, $"{key} in {file}") : null;
    }

    /// <summary>Whether a TOML file has a table, or one within it.</summary>
    public static bool HasSection(SourceFiles source, string file, string name) =>
        Regex.IsMatch(Text(source, file) ?? "", $@"^[ \t]*\[+{Regex.Escape(name)}[\].]", RegexOptions.Multiline, Limit);

    public static string? Text(SourceFiles source, string file) =>
        source.Find(file)?.Content is { } content ? SourceText.Decode(content, out _, out _) : null;

    /// <summary>The version of a target framework such as <c>net10.0</c> or <c>net10.0-windows</c>.</summary>
    public static string? FromTargetFramework(string? framework)
    {
        var match = TargetFramework().Match(framework?.Trim() ?? "");
        return match.Success ? match.Groups["version"].Value : null;
    }

    /// <summary>The <c>go</c> line of <c>go.mod</c>.</summary>
    public static string? FromGoModule(SourceFiles source)
    {
        var line = Text(source, "go.mod")?.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith("go ", StringComparison.Ordinal));
        return MajorMinor(line?[3..]);
    }

    /// <summary>The first two numbers of a version.</summary>
    public static string? MajorMinor(string? version)
    {
        var match = LeadingMajorMinor().Match(version?.Trim() ?? "");
        return match.Success ? match.Value : null;
    }

    [GeneratedRegex(@"^net(coreapp)?(?<version>[0-9]{1,2}\.[0-9])(-[a-z0-9.]+)?\z")]
    private static partial Regex TargetFramework();

    [GeneratedRegex(@"^[0-9]{1,4}\.[0-9]{1,4}")]
    private static partial Regex LeadingMajorMinor();
}
