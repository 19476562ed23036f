namespace Paas.Contracts;

/// <summary>
/// Asks what the instances of an app have printed. A long poll: answered by <see cref="OutputLines"/> at once if there is
/// something to tell, else as soon as there is, or when <see cref="Wait"/> is over. Nobody keeps anything in between: all
/// that was told already stands in the cursor.
/// </summary>
public sealed record ReadAppLogs
{
    public required Guid AppId { get; init; }
    public required string App { get; init; }

    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    public required string Target { get; init; }

    /// <summary>Where the answer before ended; null for the beginning, which <see cref="Tail"/> says.</summary>
    public string? Cursor { get; init; }

    /// <summary>How many of the last lines that are there already to begin with.</summary>
    public int Tail { get; init; }

    /// <summary>Only those of a process type such as <c>web</c>, or of one instance such as <c>web.1</c>; null for all.</summary>
    public string? Process { get; init; }

    /// <summary>How long to wait for a line when there is none.</summary>
    public TimeSpan Wait { get; init; }
}

/// <summary>Asks what a run has printed, from its first line on; a long poll like <see cref="ReadAppLogs"/>.</summary>
public sealed record ReadRunOutput
{
    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Target { get; init; }

    /// <summary>The run's id, or its name such as <c>run.1234</c>.</summary>
    public required string Run { get; init; }

    public string? Cursor { get; init; }
    public TimeSpan Wait { get; init; }
}

/// <summary>Lines that were printed, oldest first: at most 2000 or 256 KB of them in one answer.</summary>
public sealed record OutputLines
{
    public IReadOnlyList<OutputLine> Lines { get; init; } = [];

    /// <summary>Where the next question goes on. Opaque: letters, digits and <c>. _ ~ -</c>, at most 16 KB.</summary>
    public string? Cursor { get; init; }

    /// <summary>Nothing more was there when it was looked.</summary>
    public bool AtEnd { get; init; }

    /// <summary>The run that was asked about; its end is told only together with the last of its lines.</summary>
    public RunStatus? Run { get; init; }

    /// <summary>Why there is no answer; then nothing else is set.</summary>
    public TargetFailure? Failure { get; init; }
}

/// <summary>A line somebody has printed.</summary>
public sealed record OutputLine
{
    /// <summary>When, in UTC.</summary>
    public required DateTime At { get; init; }

    /// <summary>Who: an instance such as <c>web.1</c>, a run such as <c>run.1234</c>, or <c>paas</c> for the platform itself.</summary>
    public required string Source { get; init; }

    /// <summary>Whether it was printed to standard error; always false where the target does not know.</summary>
    public bool IsError { get; init; }

    /// <summary>Without its end. One of more than 8192 characters is cut, and says so.</summary>
    public required string Text { get; init; }
}

/// <summary>Why a target did not do or tell what it was asked for.</summary>
public sealed record TargetFailure
{
    /// <summary>One of <see cref="TargetFailureReason"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>A sentence for people.</summary>
    public required string Message { get; init; }
}

/// <summary>Why a target did not do or tell what it was asked for, for programs.</summary>
public static class TargetFailureReason
{
    /// <summary>What was asked about is not there.</summary>
    public const string NotFound = nameof(NotFound);

    /// <summary>It can't be done as things are, and the user can change that.</summary>
    public const string Refused = nameof(Refused);

    /// <summary>The cursor is not one that was given out.</summary>
    public const string CursorMalformed = nameof(CursorMalformed);

    /// <summary>The platform's own trouble; it may be over at the next try.</summary>
    public const string Unavailable = nameof(Unavailable);
}
