namespace Paas.Contracts;

/// <summary>A batch of a step's log lines, on its way to the one writer.</summary>
public sealed record AppendLog
{
    public required Guid DeploymentId { get; init; }
    public required string Step { get; init; }
    public required int Attempt { get; init; }

    /// <summary>One try of a step writes one log; a retry writes another.</summary>
    public required Guid LogId { get; init; }

    /// <summary>Counts from 1 within <see cref="LogId"/>: a batch that comes twice is stored once.</summary>
    public required int Batch { get; init; }

    public required DateTime At { get; init; }

    /// <summary>Without line ends and control characters.</summary>
    public required IReadOnlyList<string> Lines { get; init; }
}
