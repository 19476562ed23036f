namespace Paas.Docker;

/// <summary>An image in an engine.</summary>
public sealed record EngineImage
{
    /// <summary><c>sha256:</c> and 64 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>In bytes, with what it shares with others.</summary>
    public required long Size { get; init; }

    /// <summary>When it was made or last tagged, whichever was later: a build that reuses an image tags it again.</summary>
    public required DateTimeOffset UsedAt { get; init; }

    /// <summary>Such as <c>paas/shop:1</c>.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Under which registries have it: <c>registry.example.com/paas/shop@sha256:…</c>.</summary>
    public required IReadOnlyList<string> Digests { get; init; }

    /// <summary>See <see cref="ImageLabels"/>.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The app it was built for; null for an image of somebody else.</summary>
    public Guid? App => EngineClient.AppOf(Labels);

    /// <summary>
    /// Whether the platform gave a tag. Labels are inherited: an image that somebody has built upon an app's has its
    /// labels, too, but a name of its own.
    /// </summary>
    internal bool IsOwnTag(string tag) =>
        Labels.TryGetValue(ImageLabels.AppName, out var name) && tag[..tag.LastIndexOf(':')].EndsWith($"/{name}", StringComparison.Ordinal);
}
