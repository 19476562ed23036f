namespace Paas.Contracts;

/// <summary>Put the built image where every deployer can get it; from here on it is known by its digest.</summary>
public sealed record PublishImage : IStepCommand
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.PublishImage;
    public required int Attempt { get; init; }

    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Target { get; init; }
    public required string Commit { get; init; }
    public required string ImageId { get; init; }
    public required string Builder { get; init; }
}

public sealed record ImagePublished : IStepSucceeded
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.PublishImage;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }

    /// <summary><c>sha256:</c> and 64 hex digits.</summary>
    public required string ImageDigest { get; init; }
}

public sealed record ImagePublishFailed : IStepFailed
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.PublishImage;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}

/// <summary>The built image is no longer where it was built: it has to be built again before it can be published.</summary>
public sealed record BuiltImageLost : IStepEnded
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.PublishImage;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }
}
