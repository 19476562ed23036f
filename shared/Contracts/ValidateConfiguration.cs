namespace Paas.Contracts;

/// <summary>Read the manifest, or detect what the app is, and plan how to build and run it.</summary>
public sealed record ValidateConfiguration : IStepCommand
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.ValidateConfiguration;
    public required int Attempt { get; init; }

    public required string SourceDigest { get; init; }

    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    public required string Target { get; init; }

    /// <summary>The folder of the repository that the app is in; null for all of it, or for the one its manifest names.</summary>
    public string? Root { get; init; }

    /// <summary>Names only, so that add-ons which are configured by hand can be told from missing ones.</summary>
    public IReadOnlyList<string> ConfigVarNames { get; init; } = [];
}

public sealed record ConfigurationValidated : IStepSucceeded
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.ValidateConfiguration;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }

    public required BuildPlan Build { get; init; }
    public required RunPlan Run { get; init; }
}

public sealed record ConfigurationRejected : IStepFailed
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.ValidateConfiguration;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}
