namespace Paas.Contracts;

/// <summary>Which targets the deployer has, and how apps are kept apart there. Answered by <see cref="TargetsFound"/>.</summary>
public sealed record FindTargets;

public sealed record TargetsFound
{
    public required IReadOnlyList<TargetStatus> Targets { get; init; }
}

/// <summary>One target of a deployer.</summary>
public sealed record TargetStatus
{
    /// <summary>One of <see cref="Target"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Whether an app is kept from what the platform and other apps have.</summary>
    public required bool WalledIn { get; init; }

    /// <summary>If not, why, and what to do about it.</summary>
    public string? Reason { get; init; }
}
