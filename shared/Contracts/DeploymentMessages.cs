namespace Paas.Contracts;

/// <summary>A verified push to a branch or tag, stored as a delivery and still to be decided upon.</summary>
public sealed record PushReceived
{
    public required Guid DeliveryId { get; init; }
}

/// <summary>A stored deployment is to begin.</summary>
public sealed record DeploymentRequested
{
    public required Guid DeploymentId { get; init; }
}

/// <summary>The environment is free and it is this deployment's turn.</summary>
public sealed record TurnGranted
{
    public required Guid DeploymentId { get; init; }
}

/// <summary>A newer deployment has overtaken this one.</summary>
public sealed record SupersedeDeployment
{
    public required Guid DeploymentId { get; init; }
    public required Guid SupersededBy { get; init; }
}

public sealed record CancelDeployment
{
    public required Guid DeploymentId { get; init; }

    /// <summary>Who asked, for the log: a token's name, or what the platform did it for.</summary>
    public required string RequestedBy { get; init; }
}

/// <summary>Take a faulted deployment up again. Refused, without effect, in any other state.</summary>
public sealed record ReplayDeployment
{
    public required Guid DeploymentId { get; init; }

    /// <summary>The step to begin with; null for the one that faulted.</summary>
    public string? FromStep { get; init; }

    public required string RequestedBy { get; init; }

    /// <summary>The fault that is meant, so that a later one is not replayed by chance; null for whichever there is.</summary>
    public string? FaultedStep { get; init; }
    public int? FaultedAttempt { get; init; }

    /// <summary>With which others it was asked for, in words; null if it was asked for alone.</summary>
    public string? Among { get; init; }
}

/// <summary>Give a faulted deployment up. Refused, without effect, in any other state.</summary>
public sealed record DiscardDeployment
{
    public required Guid DeploymentId { get; init; }
    public required string RequestedBy { get; init; }
    public required string Reason { get; init; }

    /// <summary>The fault that is meant.</summary>
    public required string FaultedStep { get; init; }
    public required int FaultedAttempt { get; init; }
}

/// <summary>To every worker: stop working on this step, if you do.</summary>
public sealed record StopStep : IStepMessage
{
    public required Guid DeploymentId { get; init; }
    public required string Step { get; init; }
    public required int Attempt { get; init; }
}

/// <summary>The worker has stopped and has taken away what was half made.</summary>
public sealed record StepStopped : IStepMessage
{
    public required Guid DeploymentId { get; init; }
    public required string Step { get; init; }
    public required int Attempt { get; init; }
}

/// <summary>A step met a fault of the platform and will be tried again.</summary>
public sealed record StepRetryScheduled : IStepMessage
{
    public required Guid DeploymentId { get; init; }
    public required string Step { get; init; }
    public required int Attempt { get; init; }

    /// <summary>The try that met the fault, from 1, and how many there are in all.</summary>
    public required int Try { get; init; }
    public required int MaxTries { get; init; }
    public required DateTime NextTryAt { get; init; }
    public required string Message { get; init; }
}

/// <summary>A step, or a cancelation, took longer than it may.</summary>
public sealed record StepDeadlineExpired : IStepMessage
{
    public required Guid DeploymentId { get; init; }
    public required string Step { get; init; }
    public required int Attempt { get; init; }
}

/// <summary>What became of a deployment, for whoever listens.</summary>
public interface IDeploymentEnded
{
    Guid DeploymentId { get; }
    Guid AppId { get; }
}

public sealed record DeploymentSucceeded : IDeploymentEnded
{
    public required Guid DeploymentId { get; init; }
    public required Guid AppId { get; init; }
    public required int Release { get; init; }
    public string? Url { get; init; }
}

public sealed record DeploymentFailed : IDeploymentEnded
{
    public required Guid DeploymentId { get; init; }
    public required Guid AppId { get; init; }
    public required string Step { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}

public sealed record DeploymentFaulted : IDeploymentEnded
{
    public required Guid DeploymentId { get; init; }
    public required Guid AppId { get; init; }
    public required string Step { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}

public sealed record DeploymentCanceled : IDeploymentEnded
{
    public required Guid DeploymentId { get; init; }
    public required Guid AppId { get; init; }
}

public sealed record DeploymentSuperseded : IDeploymentEnded
{
    public required Guid DeploymentId { get; init; }
    public required Guid AppId { get; init; }
    /// <summary>Empty if no deployment did, but a commit, or the end of the branch.</summary>
    public required Guid SupersededBy { get; init; }

    /// <summary>What the branch pointed to when the pushed commit was found overtaken.</summary>
    public string? SupersededByCommit { get; init; }
}
