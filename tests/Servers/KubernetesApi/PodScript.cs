namespace Paas.Servers.Kubernetes;

/// <summary>How the containers of a pod behave.</summary>
public sealed record PodScript
{
    /// <summary>It runs, and is ready at once; in a Job it ends with 0 at once.</summary>
    public static readonly PodScript Works = new();

    /// <summary>Why the image can't be pulled; null if it can.</summary>
    public string? PullError { get; init; }

    /// <summary>Whether it shows the failed pull itself, or that it waits before the next one.</summary>
    public bool StaysAtError { get; init; }

    /// <summary>Whether a pod that waits before the next pull keeps to itself why the last one failed, as before Kubernetes 1.31: only an event tells.</summary>
    public bool HidesPullError { get; init; }

    /// <summary>Why no node takes the pod; null if one does.</summary>
    public string? Unschedulable { get; init; }

    /// <summary>Why the container can't be started; null if it can.</summary>
    public string? StartError { get; init; }

    /// <summary>From its start until a readiness probe succeeds, if it has one; null for never.</summary>
    public TimeSpan? ReadyAfter { get; init; } = TimeSpan.Zero;

    /// <summary>What its probes tell until it is ready: the startup probe, if it has one, or else the readiness probe; null for nothing.</summary>
    public string? ProbeError { get; init; }

    /// <summary>Whether the startup probe succeeds all the same.</summary>
    public bool PassesStartup { get; init; }

    /// <summary>From its start until it ends by itself; null for never.</summary>
    public TimeSpan? EndsAfter { get; init; }

    /// <summary>What it ends with.</summary>
    public int ExitCode { get; init; }

    /// <summary>Such as <c>OOMKilled</c>; null for that of the exit code.</summary>
    public string? EndReason { get; init; }

    /// <summary>Between its end and its next start.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether the back-off shows as <c>CrashLoopBackOff</c>, as a long one does, or as the end of the container.</summary>
    public bool ShowsBackOff { get; init; }

    /// <summary>Between the wish to end it and its end.</summary>
    public TimeSpan StopsAfter { get; init; } = TimeSpan.Zero;

    /// <summary>What it ends with when it has to.</summary>
    public int StopExitCode { get; init; } = 143;

    /// <summary>What it prints when it starts.</summary>
    public IReadOnlyList<string> Prints { get; init; } = [];

    public static PodScript Crashes(int exitCode, params string[] prints) => new() { EndsAfter = TimeSpan.FromMilliseconds(50), ExitCode = exitCode, Prints = prints };

    public static PodScript OutOfMemory() => Crashes(137) with { EndReason = "OOMKilled" };

    public static PodScript NeverReady(params string[] prints) => new() { ReadyAfter = null, Prints = prints };

    /// <summary>With a startup probe it is started again and again; without one it never gets ready.</summary>
    public static PodScript FailsProbe(string why, params string[] prints) => NeverReady(prints) with { ProbeError = why };

    public static PodScript CantPull(string why) => new() { PullError = why };

    /// <summary>For a Job.</summary>
    public static PodScript Ends(int exitCode, params string[] prints) => new() { EndsAfter = TimeSpan.FromMilliseconds(50), ExitCode = exitCode, Prints = prints };
}
