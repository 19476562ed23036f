namespace Paas.Contracts.Api;

/// <summary>Body of <c>POST /v1/apps/{app}/runs</c>.</summary>
public sealed record CreateRunRequest
{
    /// <summary>The program and its arguments: a list of words, which no shell sees. At least one.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Variables of this run only; they replace config vars of the same name.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>How long it may take, such as <c>90s</c>, <c>30m</c> or <c>2h</c>; an hour if not given.</summary>
    public string? Timeout { get; init; }
}

/// <summary>A command that runs, or ran, once.</summary>
public sealed record RunResponse
{
    public required Guid Id { get; init; }

    /// <summary>Such as <c>run.1234</c>; stands for the id in the API as well.</summary>
    public required string Name { get; init; }
    public required string App { get; init; }
    public required IReadOnlyList<string> Command { get; init; }
    public required int Release { get; init; }

    /// <summary>One of <see cref="RunStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Once it has ended; see <see cref="RunStatus.ExitCode"/>.</summary>
    public int? ExitCode { get; init; }

    /// <summary>One of <see cref="RunEnds"/>, if there is more to say of its end.</summary>
    public string? Reason { get; init; }

    /// <summary>A sentence about the reason.</summary>
    public string? Message { get; init; }
    public required DateTime CreatedAt { get; init; }
    public DateTime? FinishedAt { get; init; }
    public required double TimeoutSeconds { get; init; }
}

/// <summary>
/// Lines of an app's log or of a run's output, as server-sent event <c>lines</c>. Its id resumes a stream that was cut
/// after the last of them.
/// </summary>
public sealed record LogLinesEvent
{
    public required IReadOnlyList<OutputLine> Lines { get; init; }
}

/// <summary>Server-sent event <c>waiting</c>: why there are no lines at the moment. The stream goes on by itself.</summary>
public sealed record LogWaitingEvent
{
    public required string Message { get; init; }
}

/// <summary>A list that has no further page.</summary>
public sealed record RunsResponse
{
    public required IReadOnlyList<RunResponse> Items { get; init; }
}
