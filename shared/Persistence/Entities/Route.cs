namespace Paas.Persistence.Entities;

/// <summary>Where the router sends an app's traffic.</summary>
public sealed class Route
{
    public Guid AppId { get; set; }

    /// <summary>The first label of the host name.</summary>
    public required string App { get; set; }
    public int Release { get; set; }

    /// <summary>Of the message that set it: see <see cref="Contracts.SwitchRoute.Sequence"/>.</summary>
    public long Sequence { get; set; }

    /// <summary>The number of its last change: see <see cref="Counter.Routes"/>.</summary>
    public long Version { get; set; }

    /// <summary>Base URLs of the healthy instances.</summary>
    public IReadOnlyList<string> Instances { get; set; } = [];
}
