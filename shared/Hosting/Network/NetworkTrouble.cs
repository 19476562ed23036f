namespace Paas.Hosting.Network;

/// <summary>What kept a tool of the platform from what another machine has.</summary>
public enum NetworkProblem
{
    /// <summary>No DNS server could resolve the host's name.</summary>
    NameNotResolved,

    /// <summary>The host, or the way to it, takes no connection.</summary>
    NoConnection,

    /// <summary>The host did not answer in time.</summary>
    TimedOut,

    /// <summary>The connection ended before the answer did.</summary>
    BrokeOff,

    /// <summary>The host and the tool could not agree on a secure connection.</summary>
    NotSecured,

    /// <summary>The proxy between them refused, or was not there.</summary>
    ProxyFailed,

    /// <summary>The host allows no more requests for now.</summary>
    TooManyRequests,

    /// <summary>The host does not serve this address: 403.</summary>
    Denied,

    /// <summary>The host has trouble of its own: 5xx.</summary>
    ServerError,
}

/// <summary>Another machine that could not be reached, or would not serve.</summary>
/// <param name="Problem">What kept the tool from it.</param>
/// <param name="Host">Which one; null if the tool does not say.</param>
/// <param name="Status">What it answered; null if it did not answer.</param>
/// <param name="Tool">Who asked: <c>pip</c>, <c>npm</c>; null if it was the platform.</param>
public sealed record NetworkTrouble(NetworkProblem Problem, string? Host, int? Status = null, string? Tool = null);

/// <summary>
/// A step needs a machine that could not be reached, or would not serve. No fault of the developer; it is tried again,
/// but never at once, since a network is seldom back within a second and a registry that counts requests counts this one.
/// </summary>
/// <param name="message">What could not be reached and what to look at, for a person.</param>
/// <param name="inner">What went wrong, if that was an exception.</param>
public sealed class NetworkTroubleException(string message, Exception? inner = null) : Exception(message, inner);
