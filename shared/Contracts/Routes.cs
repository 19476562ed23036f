namespace Paas.Contracts;

/// <summary>
/// Send an app's traffic to these instances from now on. Answered by <see cref="RouteSwitched"/> when new requests
/// go there and those under way on the old instances have ended, or have had their time.
/// </summary>
public sealed record SwitchRoute
{
    public required Guid AppId { get; init; }

    /// <summary>The first label of the host name: <c>app.domain</c>.</summary>
    public required string App { get; init; }

    /// <summary>A route is never switched back to an older release by a late message.</summary>
    public required int Release { get; init; }

    /// <summary>
    /// Of two messages about the same release the one with the higher number was sent later: they may come in another
    /// order, and twice. Null from a deployer that does not know of it yet.
    /// </summary>
    public long? Sequence { get; init; }

    /// <summary>Base URLs such as <c>http://127.0.0.1:41234</c>; empty to take the route away.</summary>
    public required IReadOnlyList<string> Instances { get; init; }

    /// <summary>How long requests under way on the old instances may take before the switch is answered all the same.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

public sealed record RouteSwitched
{
    /// <summary>False if a newer release has the route already, or the same one by a later message.</summary>
    public required bool Accepted { get; init; }

    /// <summary>The <see cref="SwitchRoute.Sequence"/> of that later message; null in all other cases.</summary>
    public long? Later { get; init; }
}

/// <summary>Stop an app and remove everything its target holds of it.</summary>
public sealed record RemoveApp
{
    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Target { get; init; }
}
