using Paas.Contracts;

namespace Paas.Persistence.Entities;

/// <summary>An image, the config vars it runs with, and a number. Only its state ever changes.</summary>
public sealed class Release
{
    public Guid EnvironmentId { get; set; }

    /// <summary>12 for <c>v12</c>; never used twice in an environment.</summary>
    public int Version { get; set; }

    public Guid AppId { get; set; }

    /// <summary>Unique: a deployment makes one release, however often its steps are repeated.</summary>
    public Guid DeploymentId { get; set; }

    public string? Commit { get; set; }
    public required string ImageDigest { get; set; }
    public required RunPlan RunPlan { get; set; }
    public string? SealedConfigVars { get; set; }
    public required string Description { get; set; }

    /// <summary>One of <see cref="Contracts.Api.ReleaseStates"/>.</summary>
    public required string State { get; set; }

    public DateTime CreatedAt { get; set; }
}
