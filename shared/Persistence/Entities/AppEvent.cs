namespace Paas.Persistence.Entities;

/// <summary>Something that happened to an app while it was live.</summary>
public sealed class AppEvent
{
    public Guid Id { get; set; }
    public Guid AppId { get; set; }

    /// <summary>One of <see cref="Contracts.AppEventKind"/>.</summary>
    public required string Kind { get; set; }

    public required string Process { get; set; }
    public required string Instance { get; set; }
    public int Release { get; set; }

    /// <summary>When it began.</summary>
    public DateTime At { get; set; }

    /// <summary>When it was told the last time.</summary>
    public DateTime LastAt { get; set; }

    public int Restarts { get; set; }
    public int? ExitCode { get; set; }
    public string? Reason { get; set; }
    public string? LastLine { get; set; }
}
