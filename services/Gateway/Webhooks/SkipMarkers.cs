using System.Text.RegularExpressions;

namespace Paas.Gateway.Webhooks;

/// <summary>The words in a commit's message that ask build services to leave it out.</summary>
internal static partial class SkipMarkers
{
    /// <returns>Null if there are none.</returns>
    public static string? Find(string message) =>
        Marker().Match(message) is { Success: true } marker ? marker.Value
        : Trailer().Match(message) is { Success: true } trailer ? trailer.Value.Trim()
        : null;

    [GeneratedRegex(@"\[(skip[ -](ci|actions|deploy)|(ci|actions|deploy)[ -]skip|no[ -](ci|deploy))\]", RegexOptions.IgnoreCase)]
    private static partial Regex Marker();

    [GeneratedRegex(@"\n\r?\nskip-checks:\s*true\s*\z", RegexOptions.IgnoreCase)]
    private static partial Regex Trailer();
}
