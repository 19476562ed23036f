namespace Paas.Contracts;

/// <summary>
/// Said by a gateway to all gateways: it is there, and sends requests to apps. Whoever switches a route waits for all
/// that were heard lately.
/// </summary>
public sealed record GatewayAlive
{
    /// <summary>An id of the process; never that of another one.</summary>
    public required Guid Gateway { get; init; }

    /// <summary>It has just come, and wants to hear at once who else is there.</summary>
    public bool Asks { get; init; }
}

/// <summary>Said by a gateway that ends: it sends no more requests to apps, and nobody has to wait for it.</summary>
public sealed record GatewayStopping
{
    public required Guid Gateway { get; init; }
}

/// <summary>Said by the gateway that has changed or removed an app's route to all others: read it again.</summary>
public sealed record RouteChanged
{
    /// <summary>Who says so.</summary>
    public required Guid Gateway { get; init; }

    public required Guid AppId { get; init; }

    /// <summary>The number of the change, of all changes of all routes: none is left out, and none is used twice.</summary>
    public required long Version { get; init; }
}

/// <summary>Said by a gateway that has followed a change: no request is under way any more on what the route had before.</summary>
public sealed record RouteDrained
{
    public required Guid Gateway { get; init; }
    public required Guid AppId { get; init; }

    /// <summary>The newest change of this route that it has followed.</summary>
    public required long Version { get; init; }
}
