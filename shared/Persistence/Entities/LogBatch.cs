namespace Paas.Persistence.Entities;

/// <summary>Some lines of a deployment's log.</summary>
public sealed class LogBatch
{
    /// <summary>Grows with every batch of the platform: the order of reading, and the place to resume from.</summary>
    public long Id { get; set; }

    public Guid DeploymentId { get; set; }
    public required string Step { get; set; }
    public int Attempt { get; set; }
    public Guid LogId { get; set; }
    public int Batch { get; set; }
    public DateTime At { get; set; }

    /// <summary>Lines, joined by line feeds.</summary>
    public required string Text { get; set; }
}
