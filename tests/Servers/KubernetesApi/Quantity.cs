using System.Globalization;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>Amounts such as <c>50m</c> and <c>64Mi</c>.</summary>
internal static class Quantity
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1024m), ("Mi", 1024m * 1024), ("Gi", 1024m * 1024 * 1024), ("Ti", 1024m * 1024 * 1024 * 1024),
        ("m", 0.001m), ("k", 1000m), ("M", 1_000_000m), ("G", 1_000_000_000m), ("T", 1_000_000_000_000m),
    ];

    public static decimal Read(JsonNode? node)
    {
        var text = node?.ToString() ?? "0";
        foreach (var (suffix, factor) in Suffixes)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal))
                return decimal.Parse(text[..^suffix.Length], CultureInfo.InvariantCulture) * factor;
        }

        return decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    /// <summary>As the API writes it: <c>0.5</c> is <c>500m</c>.</summary>
    public static string Canonical(JsonNode? node)
    {
        var text = node?.ToString() ?? "0";
        if (!char.IsAsciiDigit(text[^1]))
            return text;
        var value = Read(node);
        return value == Math.Floor(value) ? value.ToString("0", CultureInfo.InvariantCulture) : $"{(value * 1000).ToString("0", CultureInfo.InvariantCulture)}m";
    }

    /// <summary>A sum, in the form that the API uses for a resource.</summary>
    public static string Write(string resource, decimal value)
    {
        if (resource.Contains("cpu"))
            return value == Math.Floor(value) ? value.ToString("0", CultureInfo.InvariantCulture) : $"{(value * 1000).ToString("0", CultureInfo.InvariantCulture)}m";
        if (resource.Contains("memory") || resource.Contains("storage"))
        {
            foreach (var (suffix, factor) in Suffixes[..4].Reverse())
            {
                if (value > 0 && value % factor == 0)
                    return $"{(value / factor).ToString("0", CultureInfo.InvariantCulture)}{suffix}";
            }
        }

        return value.ToString("0", CultureInfo.InvariantCulture);
    }
}
