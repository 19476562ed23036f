namespace Paas.Contracts;

/// <summary>Find the app's public URL and see the new release answer there.</summary>
public sealed record ResolveUrl : IStepCommand
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.ResolveUrl;
    public required int Attempt { get; init; }

    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Environment { get; init; }
    public required string Target { get; init; }
    public required int Release { get; init; }
    public required string ImageDigest { get; init; }
    public required RunPlan Run { get; init; }
}

public sealed record UrlResolved : IStepSucceeded
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.ResolveUrl;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }

    /// <summary>Where the app answers; null for an app without a web process.</summary>
    public string? Url { get; init; }
}

public sealed record UrlResolutionFailed : IStepFailed
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.ResolveUrl;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}
