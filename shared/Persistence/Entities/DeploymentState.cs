using MassTransit;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Persistence.Entities;

/// <summary>One run of the pipeline: the saga's state, and what the API shows.</summary>
public sealed class DeploymentState : SagaStateMachineInstance
{
    /// <summary>The deployment's id.</summary>
    public Guid CorrelationId { get; set; }

    /// <summary>One of <see cref="DeploymentStates"/>.</summary>
    public string CurrentState { get; set; } = DeploymentStates.Requested;

    public Guid AppId { get; set; }
    public required string AppName { get; set; }
    public Guid EnvironmentId { get; set; }
    public required string EnvironmentName { get; set; }
    public required string Target { get; set; }

    /// <summary>The place in the environment's order: the higher, the newer. As an app has one environment, it is the deployment's number, too.</summary>
    public int Sequence { get; set; }

    /// <summary>What people call it: <c>hello#7</c>.</summary>
    public string Name => NameOf(AppName, Sequence);

    /// <summary>One of <see cref="DeploymentTriggers"/>.</summary>
    public required string Trigger { get; set; }

    public string? RequestedBy { get; set; }

    /// <summary>What its release will be described as, when the commit does not say it.</summary>
    public string? Description { get; set; }

    public string? Ref { get; set; }
    public string? Commit { get; set; }
    public string? CommitMessage { get; set; }
    public bool NoCache { get; set; }
    public DateTime CreatedAt { get; set; }
    public DateTime? FinishedAt { get; set; }

    /// <summary>The current step, or the last one; null before the first.</summary>
    public string? Step { get; set; }

    /// <summary>The attempt of <see cref="Step"/>; 0 before the first.</summary>
    public int Attempt { get; set; }

    /// <summary>When the current step, or the cancelation, counts as lost; null while nothing is waited for.</summary>
    public DateTime? Deadline { get; set; }

    /// <summary>Every attempt of every step, in the order in which they began.</summary>
    public IReadOnlyList<StepRecord> Steps { get; set; } = [];

    public string? SourceDigest { get; set; }
    public BuildPlan? BuildPlan { get; set; }
    public RunPlan? RunPlan { get; set; }
    public string? ImageId { get; set; }
    public string? Builder { get; set; }
    public string? ImageDigest { get; set; }

    /// <summary>For a rollback, the release whose image and config vars come back.</summary>
    public int? RollbackTo { get; set; }

    /// <summary>The step to begin with once it has its turn; null for the build.</summary>
    public string? ResumeStep { get; set; }

    /// <summary>The number of its release, once it has one.</summary>
    public int? Release { get; set; }

    public string? Url { get; set; }

    /// <summary><c>failed</c> or <c>faulted</c>.</summary>
    public string? FailureKind { get; set; }
    public string? FailureStep { get; set; }
    public string? FailureReason { get; set; }
    public string? FailureMessage { get; set; }
    public string? ExceptionType { get; set; }

    /// <summary>
    /// It comes from a push, and nobody has seen yet that the branch points to its commit. Until then it overtakes
    /// nothing: it may be a push that was delivered late.
    /// </summary>
    public bool HeadUnconfirmed { get; set; }

    public Guid? SupersededBy { get; set; }

    /// <summary>What the branch pointed to when the pushed commit was found overtaken.</summary>
    public string? SupersededByCommit { get; set; }

    /// <summary>Why the pushed commit was found overtaken, in a sentence.</summary>
    public string? SupersededReason { get; set; }

    /// <summary>The trace it belongs to, as a W3C <c>traceparent</c>; null if nothing was traced when it began.</summary>
    public string? TraceParent { get; set; }

    /// <summary>The last step's log, and how many batches it has: see <see cref="IStepEnded"/>.</summary>
    public Guid? LogId { get; set; }
    public int LogBatches { get; set; }

    public static string NameOf(string app, int number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{app}#{number}");
}

/// <summary>One attempt of one step.</summary>
public sealed record StepRecord
{
    public required string Name { get; init; }

    /// <summary>One of <see cref="StepStates"/>.</summary>
    public required string State { get; init; }
    public required int Attempt { get; init; }
    public DateTime? StartedAt { get; init; }
    public DateTime? FinishedAt { get; init; }
    public string? Error { get; init; }
    public DateTime? NextTryAt { get; init; }
    public int? Try { get; init; }
    public int? MaxTries { get; init; }

    /// <summary>It took longer than it may.</summary>
    public bool Expired { get; init; }

    /// <summary>The branch was found to point to something else.</summary>
    public bool Overtaken { get; init; }

    /// <summary>An operator has taken the deployment up again after it: whatever is counted begins anew.</summary>
    public bool Replayed { get; init; }
}
