namespace Paas.Contracts.Api;

/// <summary>A faulted deployment, for the operator.</summary>
public sealed record FaultResponse
{
    /// <summary>The deployment's id.</summary>
    public required Guid Id { get; init; }
    public required string App { get; init; }
    public required string Environment { get; init; }
    public string? Commit { get; init; }
    public required string Step { get; init; }
    public required string Reason { get; init; }
    public string? ExceptionType { get; init; }
    public required string Message { get; init; }
    public required int Attempt { get; init; }
    public required DateTime FaultedAt { get; init; }
}

/// <summary>Body of <c>POST /v1/admin/faults/{id}/replay</c>.</summary>
public sealed record ReplayRequest
{
    /// <summary>The step to begin with; null for the one that faulted.</summary>
    public string? From { get; init; }
}

/// <summary>Body of <c>POST /v1/admin/faults/replay</c>: which faults to replay.</summary>
public sealed record ReplayManyRequest
{
    public string? Step { get; init; }
    public DateTime? Since { get; init; }
    public DateTime? Until { get; init; }
}

public sealed record ReplayManyResponse
{
    public required int Replayed { get; init; }
}

/// <summary>Body of <c>POST /v1/admin/faults/{id}/discard</c>.</summary>
public sealed record DiscardRequest
{
    public string? Reason { get; init; }
}
