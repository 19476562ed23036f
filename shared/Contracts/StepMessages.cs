namespace Paas.Contracts;

/// <summary>
/// Whatever is said by or about one attempt of one step. A message whose <see cref="Step"/> and
/// <see cref="Attempt"/> are not the deployment's current ones is late or repeated, and changes nothing.
/// </summary>
public interface IStepMessage
{
    Guid DeploymentId { get; }

    /// <summary>One of <see cref="Contracts.Step"/>.</summary>
    string Step { get; }

    /// <summary>Counts from 1; a replay or an expired deadline begins the next one.</summary>
    int Attempt { get; }
}

/// <summary>Asks a worker to do a step. Doing it twice has the effect of doing it once.</summary>
public interface IStepCommand : IStepMessage;

/// <summary>A step has ended, well or not.</summary>
public interface IStepEnded : IStepMessage
{
    /// <summary>The try whose log this is; see <see cref="AppendLog.LogId"/>.</summary>
    Guid LogId { get; }

    /// <summary>How many batches of log lines the try has sent: the log is whole when all of them are stored.</summary>
    int LogBatches { get; }
}

/// <summary>A step did what it was asked to do.</summary>
public interface IStepSucceeded : IStepEnded;

/// <summary>
/// The developer's code or configuration is wrong: the deployment fails, and trying again would not help.
/// A fault of the platform is never told by this event but by an exception, which ends as <c>Fault&lt;T&gt;</c>.
/// </summary>
public interface IStepFailed : IStepEnded
{
    /// <summary>One of <see cref="FailureReason"/>.</summary>
    string Reason { get; }

    /// <summary>What happened, to which thing, and what to do next: one to a few sentences for a person.</summary>
    string Message { get; }
}
