namespace Paas.Contracts;

/// <summary>Run a release on its target and let it take over, or leave the one before it serving.</summary>
public sealed record DeployRelease : IStepCommand
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.DeployRelease;
    public required int Attempt { get; init; }

    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Environment { get; init; }
    public required string Target { get; init; }

    /// <summary>The number of the release; a target refuses one that is older than what it runs.</summary>
    public required int Release { get; init; }

    public required string ImageDigest { get; init; }
    public required RunPlan Run { get; init; }
    public string? Commit { get; init; }

    /// <summary>The config vars as a sealed JSON object of strings; null for none.</summary>
    public string? SealedConfigVars { get; init; }
}

public sealed record ReleaseDeployed : IStepSucceeded
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.DeployRelease;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }

    public required int Release { get; init; }
}

public sealed record ReleaseDeployFailed : IStepFailed
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.DeployRelease;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}

/// <summary>
/// Asks, right before a step takes effect, whether the deployment still wants it. A command that waited in a
/// queue while its deployment was canceled, replayed or ended must not bring old code live.
/// </summary>
public sealed record ConfirmStep : IStepMessage
{
    public required Guid DeploymentId { get; init; }
    public required string Step { get; init; }
    public required int Attempt { get; init; }
}

public sealed record StepConfirmation
{
    public required Guid DeploymentId { get; init; }

    /// <summary>False: drop the command, it is stale.</summary>
    public required bool Wanted { get; init; }
}
