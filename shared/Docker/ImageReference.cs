using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Paas.Docker;

/// <summary>The name of an image, as engines read it: <c>python:3.12</c> is <c>docker.io/library/python:3.12</c>.</summary>
/// <param name="Domain">The registry, with its port: <c>docker.io</c>, <c>registry.example.com:5000</c>.</param>
/// <param name="Path">The repository in it.</param>
/// <param name="Tag">Null for none.</param>
/// <param name="Digest">Null for none.</param>
public sealed partial record ImageReference(string Domain, string Path, string? Tag, string? Digest)
{
    /// <summary>The registry of names without one.</summary>
    public const string Hub = "docker.io";

    private const string Official = "library/";
    private const int MaxName = 255;

    /// <summary>Without tag and digest, as short as engines show it: <c>python</c>, <c>registry.example.com/paas/shop</c>.</summary>
    public string Repository => Domain != Hub ? $"{Domain}/{Path}" : Path.StartsWith(Official, StringComparison.Ordinal) ? Path[Official.Length..] : Path;

    /// <inheritdoc/>
    public override string ToString() => $"{Repository}{(Tag is null ? "" : ":" + Tag)}{(Digest is null ? "" : "@" + Digest)}";

    /// <summary>Reads a name.</summary>
    /// <returns>False for what no registry could have; an id of an image is no name, either.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out ImageReference? reference)
    {
        reference = null;
        if (text.Length > 2 * MaxName || Form().Match(text) is not { Success: true } match || Id().IsMatch(text))
            return false;
        var (name, domain) = (match.Groups["name"].Value, Hub);
        if (name.IndexOf('/', StringComparison.Ordinal) is var slash and > 0
            && name[..slash] is var first && (first.AsSpan().ContainsAny('.', ':') || first == "localhost" || first.Any(char.IsAsciiLetterUpper)))
        {
            (domain, name) = (first.ToLowerInvariant(), name[(slash + 1)..]);
        }

        if (domain is "index.docker.io" or "registry-1.docker.io" or "registry.hub.docker.com")
            domain = Hub;
        if (!Host().IsMatch(domain) || !Repositories().IsMatch(name) || name.Length > MaxName)
            return false;
        if (domain == Hub && !name.Contains('/', StringComparison.Ordinal))
            name = Official + name;
        reference = new(domain, name, ValueOf(match.Groups["tag"]), ValueOf(match.Groups["digest"]));
        return true;
    }

    private static string? ValueOf(Group group) => group.Success ? group.Value : null;

    [GeneratedRegex(@"\A(?<name>[^@\s]+?)(:(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?<digest>[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?\z")]
    private static partial Regex Form();

    [GeneratedRegex(@"\A(sha256:)?[0-9a-f]{64}\z")]
    private static partial Regex Id();

    [GeneratedRegex(@"\A([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(:[0-9]+)?\z")]
    private static partial Regex Host();

    [GeneratedRegex(@"\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex Repositories();
}
