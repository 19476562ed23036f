namespace Paas.Contracts.Api;

/// <summary>One webhook POST, and what was made of it.</summary>
public sealed record DeliveryResponse
{
    public required Guid Id { get; init; }

    /// <summary>The id the git host gave it: <c>X-GitHub-Delivery</c>.</summary>
    public string? DeliveryId { get; init; }
    public required string Event { get; init; }
    public string? Repository { get; init; }
    public string? App { get; init; }
    public string? Ref { get; init; }
    public string? Commit { get; init; }
    public required DateTime ReceivedAt { get; init; }

    /// <summary>One of <see cref="DeliveryDecisions"/>.</summary>
    public required string Decision { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Reason { get; init; }
    public Guid? DeploymentId { get; init; }

    /// <summary>The name of that deployment, such as <c>hello#7</c>.</summary>
    public string? Deployment { get; init; }
}

public static class DeliveryDecisions
{
    /// <summary>Stored, and still to be decided upon.</summary>
    public const string Pending = nameof(Pending);

    /// <summary>Led to a deployment.</summary>
    public const string Deployed = nameof(Deployed);

    /// <summary>The same push has a deployment already.</summary>
    public const string Duplicate = nameof(Duplicate);

    /// <summary>Overtaken: the branch points to another commit, or is gone.</summary>
    public const string Superseded = nameof(Superseded);

    /// <summary>Understood, and nothing to deploy.</summary>
    public const string Ignored = nameof(Ignored);

    /// <summary>Not from the app's git host, or not understood.</summary>
    public const string Rejected = nameof(Rejected);
}

/// <summary>Answer to a webhook.</summary>
public sealed record DeliveryAccepted
{
    public required Guid Id { get; init; }
    public required string Decision { get; init; }
    public required string Reason { get; init; }
}
