namespace Paas.Persistence.Entities;

/// <summary>What an operator did about a fault or a dead message; written when it takes effect, and never changed.</summary>
public sealed class OperatorAction
{
    public Guid Id { get; set; }

    /// <summary>Null for a dead message of no deployment.</summary>
    public Guid? DeploymentId { get; set; }

    /// <summary>One of <see cref="Contracts.Api.OperatorActions"/>.</summary>
    public required string Action { get; set; }

    /// <summary>The step that had faulted, and its attempt.</summary>
    public string? Step { get; set; }
    public int? Attempt { get; set; }

    /// <summary>The step a replay began with.</summary>
    public string? FromStep { get; set; }

    /// <summary>The dead message that was discarded, and where it was.</summary>
    public Guid? MessageId { get; set; }
    public string? Queue { get; set; }

    public string? Reason { get; set; }
    public required string By { get; set; }
    public DateTime At { get; set; }
}
