using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary><c>runtime: python:3.12</c></summary>
internal static partial class RuntimeSection
{
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["nodejs"] = RuntimeName.Node,
        ["node.js"] = RuntimeName.Node,
        ["javascript"] = RuntimeName.Node,
        ["npm"] = RuntimeName.Node,
        ["python3"] = RuntimeName.Python,
        ["py"] = RuntimeName.Python,
        ["django"] = RuntimeName.Python,
        ["flask"] = RuntimeName.Python,
        [".net"] = RuntimeName.DotNet,
        ["csharp"] = RuntimeName.DotNet,
        ["c#"] = RuntimeName.DotNet,
        ["aspnet"] = RuntimeName.DotNet,
        ["golang"] = RuntimeName.Go,
        ["dockerfile"] = RuntimeName.Docker,
        ["container"] = RuntimeName.Docker,
        ["html"] = RuntimeName.Static,
        ["binary"] = RuntimeName.Process,
    };

    public static (Placed<string>? Runtime, string? Version) Read(MapReader map, SourceErrors errors)
    {
        if (map.Text("runtime", "runtime: python:3.12") is not { } text)
            return (null, null);
        var colon = text.Value.IndexOf(':', StringComparison.Ordinal);
        var name = (colon < 0 ? text.Value : text.Value[..colon]).Trim();
        var version = colon < 0 ? null : text.Value[(colon + 1)..].Trim();
        if (!RuntimeName.All.Contains(name))
        {
            var meant = OtherNames.GetValueOrDefault(name.ToLowerInvariant()) ?? Nearest.Of(name, RuntimeName.All);
            errors.Add(text.At, ConfigurationValidatorTexts.RuntimeUnknown(name, meant), FailureReason.RuntimeUnknown);
            return (null, null);
        }

        if (version is not null && name is RuntimeName.Static or RuntimeName.Docker or RuntimeName.Process)
            errors.Add(text.At, ConfigurationValidatorTexts.RuntimeHasNoVersion(name));
        else if (version is not null && !Version().IsMatch(version))
            errors.Add(text.At, ConfigurationValidatorTexts.RuntimeVersionWrong(name, version));
        return (new(name, text.At), version);
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}\z")]
    private static partial Regex Version();
}
