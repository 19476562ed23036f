namespace Paas.Persistence.Entities;

/// <summary>One webhook POST for one app, and what was decided about it.</summary>
public sealed class Delivery
{
    public Guid Id { get; set; }

    /// <summary>The git host's own id; unique within an app, so that a delivery that comes again is known.</summary>
    public string? DeliveryId { get; set; }

    /// <summary>
    /// Stands for the event and the signature of the body; unique within an app, so that a delivery that comes again
    /// under another id is known, too. Null for one that was stored without.
    /// </summary>
    public string? SignatureHash { get; set; }

    /// <summary>Null when the delivery was rejected: what is not verified belongs to no app.</summary>
    public Guid? AppId { get; set; }

    /// <summary>The app's name at that time; for a rejected delivery the one it claimed to be for.</summary>
    public string? AppName { get; set; }

    public required string Event { get; set; }
    public string? Repository { get; set; }
    public string? Ref { get; set; }
    public string? Before { get; set; }
    public string? After { get; set; }
    public bool RefDeleted { get; set; }
    public string? CommitMessage { get; set; }
    public string? Pusher { get; set; }

    /// <summary>Why the push is not to be deployed, as its app has it; null if it is.</summary>
    public string? SkipReason { get; set; }

    public DateTime ReceivedAt { get; set; }

    /// <summary>One of <see cref="Contracts.Api.DeliveryDecisions"/>.</summary>
    public required string Decision { get; set; }

    public required string Reason { get; set; }
    public Guid? DeploymentId { get; set; }
}
