using System.Net;

namespace Paas.Docker;

/// <summary>The engine has refused something. The message is a sentence for people, with the engine's own words.</summary>
public sealed class EngineException(string message, HttpStatusCode status, string reason) : Exception(message)
{
    /// <summary>What it answered with.</summary>
    public HttpStatusCode Status { get; } = status;

    /// <summary>The engine's own words.</summary>
    public string Reason { get; } = reason;
}

/// <summary>The engine does not answer, or has gone away in the middle of an answer.</summary>
public sealed class EngineUnreachableException(string message, Exception inner) : Exception(message, inner);
