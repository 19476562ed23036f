namespace Paas.Contracts.Api;

/// <summary>Answer to <c>GET /v1/status</c>: the platform at a glance.</summary>
public sealed record StatusResponse
{
    /// <summary>Whose token asks.</summary>
    public required string Caller { get; init; }

    /// <summary>How many deployments are in progress.</summary>
    public required int InProgress { get; init; }

    /// <summary>The newest of them.</summary>
    public required IReadOnlyList<DeploymentSummaryResponse> Deployments { get; init; }

    /// <summary>How many deployments a fault of the platform has ended, and nobody has replayed or discarded.</summary>
    public required int Faults { get; init; }
}

/// <summary>The little of a deployment that a glance takes in.</summary>
public sealed record DeploymentSummaryResponse
{
    public required Guid Id { get; init; }

    /// <summary>Such as <c>hello#7</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="DeploymentStates"/>.</summary>
    public required string State { get; init; }
}
