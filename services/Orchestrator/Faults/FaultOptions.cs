namespace Paas.Orchestrator.Faults;

/// <summary>Section <c>Faults</c>: when faulted deployments and the error queues are compared.</summary>
internal sealed class FaultOptions
{
    public const string Section = "Faults";

    /// <summary>How often, when nothing happens.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How soon after a fault, a replay or a discard.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a worker may take to put its message into the error queue, after it has told of the fault.</summary>
    public TimeSpan MissingAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a dead message waits for its fault to be heard, before the fault is told again.</summary>
    public TimeSpan UnheardAfter { get; set; } = TimeSpan.FromMinutes(3);
}
