namespace Paas.Contracts.Api;

/// <summary>How many instances of each process type an app has. Answer to <c>GET</c> and <c>PATCH /v1/apps/{app}/formation</c>.</summary>
public sealed record FormationResponse
{
    public required IReadOnlyList<ProcessScaleResponse> Items { get; init; }

    /// <summary>The deployment that brings a change to the running app; null if nothing changes, or nothing runs yet.</summary>
    public Guid? DeploymentId { get; init; }
}

/// <summary>One process type of a formation.</summary>
public sealed record ProcessScaleResponse
{
    /// <summary>Its name, such as <c>web</c>.</summary>
    public required string Process { get; init; }

    /// <summary>How many instances are asked for.</summary>
    public required int Instances { get; init; }

    /// <summary>Whether that was set for the app; if not, the manifest says it.</summary>
    public required bool IsSet { get; init; }

    /// <summary>What the manifest of the live release says; null if that has no such process type, or there is none yet.</summary>
    public int? ManifestInstances { get; init; }
}
