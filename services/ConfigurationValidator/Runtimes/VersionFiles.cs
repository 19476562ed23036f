using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;

namespace Paas.ConfigurationValidator.Runtimes;

/// <summary>Versions as the tools of each language write them; whatever isn't simply a version counts as none.</summary>
internal static partial class VersionFiles
{
    /// <summary>The version in the first line of a file such as <c>.python-version</c>.</summary>
    public static string? FirstLine(SourceFiles source, string file, string prefix)
    {
        if (source.Find(file)?.Content is not { } content || SourceText.Decode(content, out _, out _) is not { } text)
            return null;
        var line = text.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && !line.StartsWith('#')) ?? "";
        if (line.StartsWith(prefix, StringComparison.Ordinal))
            line = line[prefix.Length..];
        return Exact().IsMatch(line) ? line : null;
    }

    /// <summary>The version an npm range asks for: <c>20</c>, <c>20.x</c> and <c>^20.9.0</c> are 20, <c>~20.9.0</c> is 20.9.</summary>
    public static string? FromNpmRange(string? range)
    {
        var match = NpmRange().Match(range?.Trim() ?? "");
        if (!match.Success)
            return null;
        var (sign, major, minor, patch) = (match.Groups["sign"].Value, match.Groups["major"].Value, match.Groups["minor"].Value, match.Groups["patch"].Value);
        if (sign == "^" || minor is "" or "x" or "*")
            return major;
        return sign == "~" || patch is "" or "x" or "*" ? $"{major}.{minor}" : $"{major}.{minor}.{patch}";
    }

    /// <summary>The version of a target framework such as <c>net10.0</c> or <c>net10.0-windows</c>.</summary>
    public static string? FromTargetFramework(string? framework)
    {
        var match = TargetFramework().Match(framework?.Trim() ?? "");
        return match.Success ? match.Groups["version"].Value : null;
    }

    /// <summary>The <c>go</c> line of <c>go.mod</c>.</summary>
    public static string? FromGoModule(SourceFiles source)
    {
        if (source.Find("go.mod")?.Content is not { } content || SourceText.Decode(content, out _, out _) is not { } text)
            return null;
        var line = text.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith("go ", StringComparison.Ordinal));
        return MajorMinor(line?[3..]);
    }

    /// <summary>The first two numbers of a version.</summary>
    public static string? MajorMinor(string? version)
    {
        var match = LeadingMajorMinor().Match(version?.Trim() ?? "");
        return match.Success ? match.Value : null;
    }

    [GeneratedRegex(@"^[0-9]{1,4}(\.[0-9]{1,4}){0,2}\z")]
    private static partial Regex Exact();

    [GeneratedRegex(@"^(?<sign>[\^~v=])?(?<major>[0-9]{1,4})(\.(?<minor>[0-9]{1,4}|x|\*)(\.(?<patch>[0-9]{1,5}|x|\*))?)?\z")]
    private static partial Regex NpmRange();

    [GeneratedRegex(@"^net(coreapp)?(?<version>[0-9]{1,2}\.[0-9])(-[a-z0-9.]+)?\z")]
    private static partial Regex TargetFramework();

    [GeneratedRegex(@"^[0-9]{1,4}\.[0-9]{1,4}")]
    private static partial Regex LeadingMajorMinor();
}
