namespace Paas.Contracts.Api;

public sealed record ReleaseResponse
{
    /// <summary>The release's number: 12 for <c>v12</c>.</summary>
    public required int Version { get; init; }
    public required Guid DeploymentId { get; init; }

    /// <summary>The name of that deployment, such as <c>hello#7</c>.</summary>
    public string? Deployment { get; init; }
    public string? Commit { get; init; }
    public required string ImageDigest { get; init; }

    /// <summary>What it came from: <c>Deploy 1a2b3c4</c>, <c>Rollback to v3</c>, <c>Set PORT_NAME</c>.</summary>
    public required string Description { get; init; }

    /// <summary>One of <see cref="ReleaseStates"/>.</summary>
    public required string State { get; init; }
    public required DateTime CreatedAt { get; init; }
}

public static class ReleaseStates
{
    /// <summary>Numbered, and on its way.</summary>
    public const string Pending = nameof(Pending);

    /// <summary>Serving.</summary>
    public const string Live = nameof(Live);

    /// <summary>Was live until a newer one took over.</summary>
    public const string Retired = nameof(Retired);

    /// <summary>Never took over.</summary>
    public const string Failed = nameof(Failed);
}
