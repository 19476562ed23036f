using System.Text.RegularExpressions;

namespace Paas.Hosting.Artifacts;

/// <summary>The name of an artifact: <c>sha256:</c> and 64 hex digits.</summary>
internal static partial class ArtifactDigest
{
    private const string Prefix = "sha256:";

    public static string Of(string hash) => Prefix + hash;

    /// <summary>The 64 hex digits.</summary>
    /// <exception cref="ArtifactNotFoundException">It is no digest, so there can be no such artifact.</exception>
    public static string HashOf(string digest) => Form().IsMatch(digest) ? digest[Prefix.Length..] : throw new ArtifactNotFoundException(digest);

    public static bool IsHash(string text) => Hash().IsMatch(text);

    [GeneratedRegex("^sha256:[0-9a-f]{64}\\z")]
    private static partial Regex Form();

    [GeneratedRegex("^[0-9a-f]{64}\\z")]
    private static partial Regex Hash();
}
