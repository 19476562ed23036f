using System.Globalization;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary><c>health: {path: /healthz, timeout: 30s}</c></summary>
internal static class HealthSection
{
    private const string Example = "health: {path: /healthz, timeout: 30s}";
    private const int MaxPathLength = 1_024;

    public static HealthCheck Read(MapReader map, SourceErrors errors)
    {
        var health = new HealthCheck();
        if (map.Map("health", ["path", "timeout"], Example) is not { } section)
            return health;
        if (section.Text("path", "path: /healthz") is { } path)
        {
            if (IsPath(path.Value))
                health = health with { Path = path.Value };
            else
                errors.Add(path.At, ConfigurationValidatorTexts.HealthPathWrong(path.Value));
        }

        if (section.Text("timeout", "timeout: 30s") is { } timeout)
        {
            if (Timeout(timeout.Value) is { } value)
                health = health with { Timeout = value };
            else
                errors.Add(timeout.At, ConfigurationValidatorTexts.HealthTimeoutWrong(timeout.Value));
        }

        return health;
    }

    private static bool IsPath(string path) =>
        path.Length <= MaxPathLength && path.StartsWith('/') && !path.StartsWith("//", StringComparison.Ordinal)
            && path.All(c => c is > ' ' and <= '~' and not ('#' or '\\'));

    private static TimeSpan? Timeout(string text)
    {
        var unit = text.EndsWith('m') ? 60 : 1;
        var digits = text.TrimEnd().TrimEnd('s', 'm');
        if (text.Length - digits.Length > 1 || digits.Length > 4
            || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        var timeout = TimeSpan.FromSeconds((long)number * unit);
        return timeout >= TimeSpan.FromSeconds(1) && timeout <= TimeSpan.FromMinutes(10) ? timeout : null;
    }
}
