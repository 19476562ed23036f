using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;
using Paas.Hosting.Versions;

namespace Paas.ConfigurationValidator.Runtimes;

/// <summary>A version or a range of versions, as a file of the app asks for it.</summary>
/// <param name="Text">What is asked for.</param>
/// <param name="Where">The file, and the key in it.</param>
internal sealed record AskedVersion(string Text, string Where);

/// <summary>What is built with, and the range that allows it; both null for whatever the platform has.</summary>
internal sealed record ChosenVersion(string? Version, string? Range)
{
    public static ChosenVersion None { get; } = new(null, null);
}

/// <summary>Chooses the version of a runtime: the newest known one that fits what the app asks for.</summary>
internal static partial class RuntimeVersions
{
    // The one to prefer first: what has long support, and what packages have caught up with.
    private static readonly string[] Node = ["24", "22", "20", "18", "16", "14", "25", "23", "21", "19", "17", "15"];
    private static readonly string[] Python = ["3.13", "3.12", "3.11", "3.10", "3.9", "3.8", "3.14"];
    private static readonly string[] Php = ["8.4", "8.3", "8.2", "8.1", "8.0", "7.4", "8.5"];

    private static readonly Dictionary<string, string> NodeNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["lts/*"] = "24",
        ["lts"] = "24",
        ["lts/krypton"] = "24",
        ["lts/jod"] = "22",
        ["lts/iron"] = "20",
        ["lts/hydrogen"] = "18",
        ["lts/gallium"] = "16",
        ["lts/fermium"] = "14",
        ["node"] = "25",
        ["current"] = "25",
        ["latest"] = "25",
        ["stable"] = "25",
    };

    public static ChosenVersion Choose(string runtime, AskedVersion? asked, IStepLog log)
    {
        if (asked is null)
            return ChosenVersion.None;
        var text = asked.Text.Trim();
        if (Exact().Match(text) is { Success: true } exact)
            return new(exact.Groups["version"].Value, null);
        if (runtime == RuntimeName.Node && NodeNames.GetValueOrDefault(text) is { } named)
            return new(named, null);
        var known = runtime switch
        {
            RuntimeName.Node => Node,
            RuntimeName.Php => Php,
            _ => Python,
        };
        if (VersionRange.Parse(text, VersionRange.DialectOf(runtime))?.Newest(known) is { } newest)
            return new(newest, text);
        log.Warning(ConfigurationValidatorTexts.VersionNotTold(runtime, asked.Text, asked.Where));
        return ChosenVersion.None;
    }

    [GeneratedRegex(@"^[v=]?(?<version>[0-9]{1,4}(\.[0-9]{1,4}){0,2})(\.[x*]){0,2}\z")]
    private static partial Regex Exact();
}
