namespace Paas.Contracts;

/// <summary>
/// Run a command once, beside the instances of an app's release and with all that they have. Answered by
/// <see cref="RunsFound"/> with the run when it has started. The same one twice starts it once.
/// </summary>
public sealed record StartRun
{
    /// <summary>Of the run; whoever asks makes it.</summary>
    public required Guid RunId { get; init; }

    public required Guid AppId { get; init; }
    public required string App { get; init; }

    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    public required string Target { get; init; }

    /// <summary>The release that serves.</summary>
    public required int Release { get; init; }

    public required string ImageDigest { get; init; }
    public required RunPlan Run { get; init; }
    public string? Commit { get; init; }

    /// <summary>The release's config vars as a sealed JSON object of strings; null for none.</summary>
    public string? SealedConfigVars { get; init; }

    /// <summary>Variables of this run only, sealed like the config vars, which they replace; null for none.</summary>
    public string? SealedVariables { get; init; }

    /// <summary>The program and its arguments, as they are: nothing in them is replaced, and no shell sees them.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>How long it may take; then it is stopped.</summary>
    public required TimeSpan TimeLimit { get; init; }
}

/// <summary>Stop a run: SIGTERM, and SIGKILL when it takes too long. Answered by <see cref="RunsFound"/> when it has ended.</summary>
public sealed record StopRun
{
    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Target { get; init; }

    /// <summary>The run's id, or its name such as <c>run.1234</c>.</summary>
    public required string Run { get; init; }
}

/// <summary>Asks for an app's runs: those under way, and those that have ended within the last hour.</summary>
public sealed record FindRuns
{
    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Target { get; init; }

    /// <summary>Only the one with this id or name; null for all.</summary>
    public string? Run { get; init; }
}

/// <summary>The runs that were asked for, newest first.</summary>
public sealed record RunsFound
{
    public IReadOnlyList<RunStatus> Runs { get; init; } = [];

    /// <summary>Why there is no answer.</summary>
    public TargetFailure? Failure { get; init; }
}

/// <summary>A run as its target knows it.</summary>
public sealed record RunStatus
{
    public required Guid RunId { get; init; }

    /// <summary><c>run.</c> and four digits; no two runs of an app that are kept have the same.</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The release it belongs to.</summary>
    public required int Release { get; init; }

    /// <summary>One of <see cref="RunStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Once it has ended: that of the command, 128 + n if signal n ended it, 124 if it was over its time limit, 125 if it could not be started, 127 if there is no such command.</summary>
    public int? ExitCode { get; init; }

    /// <summary>One of <see cref="RunEnds"/> if there is more to say of its end than the exit code.</summary>
    public string? Reason { get; init; }

    /// <summary>A sentence about <see cref="Reason"/>, or why it has not really begun yet.</summary>
    public string? Message { get; init; }

    public required DateTime CreatedAt { get; init; }
    public DateTime? FinishedAt { get; init; }
    public required TimeSpan TimeLimit { get; init; }
}

/// <summary>The states of a run.</summary>
public static class RunStates
{
    public const string Running = nameof(Running);
    public const string Ended = nameof(Ended);
}

/// <summary>Ends of a run that its exit code does not tell of.</summary>
public static class RunEnds
{
    /// <summary>It was stopped because its time was over.</summary>
    public const string TimedOut = nameof(TimedOut);
    public const string OutOfMemory = nameof(OutOfMemory);
    public const string CommandNotFound = nameof(CommandNotFound);

    /// <summary>It could never have been started: what runs it refuses it, or its image can't be had.</summary>
    public const string NotStarted = nameof(NotStarted);

    /// <summary>The platform ended meanwhile, and the run with it.</summary>
    public const string Interrupted = nameof(Interrupted);
}
