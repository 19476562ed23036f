namespace Paas.Contracts.Api;

/// <summary>Body of <c>POST /v1/apps/{app}/deployments</c>; with neither ref nor commit, the app's branch is deployed.</summary>
public sealed record CreateDeploymentRequest
{
    /// <summary>A branch, a tag or a full ref.</summary>
    public string? Ref { get; init; }

    /// <summary>A commit SHA, 40 hex digits.</summary>
    public string? Commit { get; init; }

    public bool NoCache { get; init; }
}

/// <summary>The states of a deployment, as they stand in the database and in the API.</summary>
public static class DeploymentStates
{
    public const string Requested = nameof(Requested);
    public const string DownloadingCode = nameof(DownloadingCode);
    public const string ValidatingConfiguration = nameof(ValidatingConfiguration);

    /// <summary>Validated, and another deployment has the environment.</summary>
    public const string WaitingForTurn = nameof(WaitingForTurn);
    public const string BuildingImage = nameof(BuildingImage);
    public const string PublishingImage = nameof(PublishingImage);
    public const string DeployingRelease = nameof(DeployingRelease);
    public const string ResolvingUrl = nameof(ResolvingUrl);
    public const string Canceling = nameof(Canceling);
    public const string Succeeded = nameof(Succeeded);
    public const string Failed = nameof(Failed);
    public const string Faulted = nameof(Faulted);
    public const string Canceled = nameof(Canceled);
    public const string Superseded = nameof(Superseded);

    /// <summary>Nothing more happens, unless a faulted one is replayed.</summary>
    public static bool IsFinal(string state) => state is Succeeded or Failed or Faulted or Canceled or Superseded;
}

/// <summary>The states of a step within a deployment.</summary>
public static class StepStates
{
    public const string Pending = nameof(Pending);
    public const string Running = nameof(Running);

    /// <summary>Met a fault of the platform, and is tried again at a known time.</summary>
    public const string Retrying = nameof(Retrying);
    public const string Succeeded = nameof(Succeeded);
    public const string Failed = nameof(Failed);
    public const string Faulted = nameof(Faulted);
    public const string Canceled = nameof(Canceled);

    /// <summary>Not needed, as the build in a rollback.</summary>
    public const string Skipped = nameof(Skipped);
}

/// <summary>What asked for a deployment.</summary>
public static class DeploymentTriggers
{
    public const string Push = "push";
    public const string Manual = "manual";
    public const string Rollback = "rollback";
    public const string ConfigChange = "config-change";

    /// <summary>Another number of instances.</summary>
    public const string Scale = "scale";

    /// <summary>The same once more, with new instances.</summary>
    public const string Restart = "restart";

    /// <summary>Those whose release is made of the live one's image: they bring no code, so they overtake none and none overtakes them.</summary>
    public static IReadOnlyList<string> OfLiveImage { get; } = [ConfigChange, Scale, Restart];
}

public sealed record DeploymentResponse
{
    public required Guid Id { get; init; }

    /// <summary>Counted for each app from 1.</summary>
    public required int Number { get; init; }

    /// <summary>What people call it, and what the API takes in place of its id: <c>hello#7</c>.</summary>
    public required string Name { get; init; }
    public required string App { get; init; }
    public required string Environment { get; init; }

    /// <summary>One of <see cref="DeploymentTriggers"/>.</summary>
    public required string Trigger { get; init; }

    /// <summary>Null until the ref is resolved.</summary>
    public string? Commit { get; init; }
    public string? CommitMessage { get; init; }
    public string? Ref { get; init; }

    /// <summary>One of <see cref="DeploymentStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>The current step, or the last one.</summary>
    public string? Step { get; init; }
    public required int Attempt { get; init; }
    public required DateTime CreatedAt { get; init; }
    public DateTime? FinishedAt { get; init; }

    /// <summary>All steps in their order, with the newest attempt of each.</summary>
    public IReadOnlyList<DeploymentStepResponse> Steps { get; init; } = [];
    public int? Release { get; init; }
    public string? ImageDigest { get; init; }
    public string? Url { get; init; }
    public DeploymentFailureResponse? Failure { get; init; }

    /// <summary>The newer deployment that took its place; null if there is none.</summary>
    public Guid? SupersededBy { get; init; }

    /// <summary>The commit that the branch pointed to, if the pushed one was found overtaken when it was fetched.</summary>
    public string? SupersededByCommit { get; init; }

    /// <summary>Why, in a sentence, if the pushed commit was found overtaken when it was fetched.</summary>
    public string? SupersededReason { get; init; }

    /// <summary>The OpenTelemetry trace it belongs to; null if nothing was traced when it began.</summary>
    public string? TraceId { get; init; }
}

public sealed record DeploymentStepResponse
{
    public required string Name { get; init; }

    /// <summary>One of <see cref="StepStates"/>.</summary>
    public required string State { get; init; }
    public required int Attempt { get; init; }
    public DateTime? StartedAt { get; init; }
    public DateTime? FinishedAt { get; init; }
    public string? Error { get; init; }

    /// <summary>When the next try is due, while the step is <see cref="StepStates.Retrying"/>.</summary>
    public DateTime? NextTryAt { get; init; }
    public int? Try { get; init; }
    public int? MaxTries { get; init; }
}

public sealed record DeploymentFailureResponse
{
    /// <summary><c>failed</c>: the developer's code or configuration; <c>faulted</c>: the platform.</summary>
    public required string Kind { get; init; }
    public required string Step { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}

/// <summary>A page of a list, newest first; <see cref="Next"/> is the cursor of the page that follows.</summary>
public sealed record Page<T>
{
    public required IReadOnlyList<T> Items { get; init; }
    public string? Next { get; init; }
}

/// <summary>Lines of a deployment's log, as server-sent event <c>log</c>; its id resumes a stream that was cut after the last of them.</summary>
public sealed record DeploymentLogEvent
{
    public required string Step { get; init; }
    public required int Attempt { get; init; }
    public required DateTime At { get; init; }
    public required IReadOnlyList<string> Lines { get; init; }
}
