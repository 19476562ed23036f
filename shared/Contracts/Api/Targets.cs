namespace Paas.Contracts.Api;

/// <summary>Where apps can run.</summary>
public sealed record TargetsResponse
{
    public required IReadOnlyList<TargetResponse> Items { get; init; }
}

/// <summary>One target: its name, and whether an app there is kept from what the platform and other apps have.</summary>
public sealed record TargetResponse
{
    public required string Name { get; init; }
    public required bool WalledIn { get; init; }

    /// <summary>Why apps are not walled in, and what to do about it.</summary>
    public string? Reason { get; init; }
}
