namespace Paas.Contracts;

/// <summary>Build the image of a commit; for the <c>local</c> target a slug, a folder with the app ready to start.</summary>
public sealed record BuildImage : IStepCommand
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.BuildImage;
    public required int Attempt { get; init; }

    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Target { get; init; }
    public required string Commit { get; init; }
    public required string SourceDigest { get; init; }
    public required BuildPlan Plan { get; init; }

    /// <summary>Build everything anew, without what earlier builds left in caches.</summary>
    public bool NoCache { get; init; }

    /// <summary>The manifest's <c>env</c>, which the build sees; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>The config vars that the build sees, sealed; null for none. They win over <see cref="Env"/>.</summary>
    public string? SealedConfigVars { get; init; }
}

public sealed record ImageBuilt : IStepSucceeded
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.BuildImage;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }

    /// <summary>What was built, as the builder names it; it exists on <see cref="Builder"/> only until it is published.</summary>
    public required string ImageId { get; init; }

    /// <summary>The engine or host that built the image and has to publish it.</summary>
    public required string Builder { get; init; }
}

public sealed record ImageBuildFailed : IStepFailed
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.BuildImage;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}
