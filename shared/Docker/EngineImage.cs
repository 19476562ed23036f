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

    /// <summary>Instructions for builds upon it.</summary>
    public IReadOnlyList<string> OnBuild { get; init; } = [];

    /// <summary>The app it says it was built for; null if it says nothing.</summary>
    public Guid? App => EngineClient.AppOf(Labels);
}
