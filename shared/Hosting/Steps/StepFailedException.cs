namespace Paas.Hosting.Steps;

/// <summary>
/// The developer's code or configuration is wrong: ends the step with its failed event, without a retry.
/// Anything else that is thrown from a step is a fault of the platform and is tried again.
/// </summary>
/// <param name="reason">One of <see cref="Contracts.FailureReason"/>.</param>
/// <param name="message">What happened, to which thing, and what to do next, for a person.</param>
public sealed class StepFailedException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}

/// <summary>A fault of the platform that no retry can mend: it goes to the operator at once.</summary>
public sealed class StepPermanentException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Nobody waits for this step any more: the command is dropped, without a retry.</summary>
public sealed class StepStaleException(string message) : Exception(message);
