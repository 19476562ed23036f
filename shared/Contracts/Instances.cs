namespace Paas.Contracts;

/// <summary>Asks how the instances of apps are; answered by <see cref="InstancesFound"/>.</summary>
public sealed record FindInstances
{
    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    public required string Target { get; init; }

    /// <summary>Only those of this app; null for those of all apps of the target.</summary>
    public Guid? AppId { get; init; }

    /// <summary>Whether to tell the last line of each: it has to be read from its log.</summary>
    public bool WithLastLines { get; init; }
}

/// <summary>How instances are.</summary>
public sealed record InstancesFound
{
    public IReadOnlyList<InstanceStatus> Instances { get; init; } = [];

    /// <summary>Why there is no answer; then nothing else is set.</summary>
    public TargetFailure? Failure { get; init; }
}

/// <summary>How an instance of a live release is.</summary>
public sealed record InstanceStatus
{
    public required Guid AppId { get; init; }
    public required string App { get; init; }

    /// <summary>Such as <c>web.1</c>, or on a cluster <c>web.x7k2p</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The process type, such as <c>web</c>.</summary>
    public required string Process { get; init; }

    public required int Release { get; init; }

    /// <summary>One of <see cref="InstanceState"/>.</summary>
    public required string State { get; init; }

    /// <summary>Since when it is so, in UTC; null if the target does not know.</summary>
    public DateTime? Since { get; init; }

    /// <summary>How often it was started again since the release took over, or since the platform was started.</summary>
    public int Restarts { get; init; }

    /// <summary>How it ended the last time; null if it never has, or the target no longer knows.</summary>
    public int? LastExitCode { get; init; }

    /// <summary>Why it ended the last time, or what keeps it from starting, as a sentence or the target's own word for it.</summary>
    public string? Reason { get; init; }

    /// <summary>When it ended the last time, in UTC.</summary>
    public DateTime? LastExitAt { get; init; }

    /// <summary>The last line it has printed; null if it was not asked for or there is none.</summary>
    public string? LastLine { get; init; }
}

/// <summary>How an instance is.</summary>
public static class InstanceState
{
    /// <summary>It was started, and is not healthy yet.</summary>
    public const string Starting = "starting";

    /// <summary>It runs, and if it serves HTTP it answers.</summary>
    public const string Running = "running";

    /// <summary>It runs, and does not answer as it should: it gets no requests.</summary>
    public const string Unhealthy = "unhealthy";

    /// <summary>It has ended by itself, and is about to be started again.</summary>
    public const string Restarting = "restarting";

    /// <summary>It has ended, and is not started again.</summary>
    public const string Stopped = "stopped";

    public static IReadOnlyList<string> All { get; } = [Starting, Running, Unhealthy, Restarting, Stopped];
}

/// <summary>
/// What the deployer has seen of an app, for its history. Told again while it lasts: the orchestrator keeps one event of it.
/// </summary>
public sealed record RecordAppEvent
{
    public required Guid AppId { get; init; }

    /// <summary>One of <see cref="AppEventKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The process type it is about.</summary>
    public required string Process { get; init; }

    /// <summary>The instance that was seen last.</summary>
    public required string Instance { get; init; }

    public required int Release { get; init; }
    public required DateTime At { get; init; }
    public int Restarts { get; init; }
    public int? ExitCode { get; init; }
    public string? Reason { get; init; }
    public string? LastLine { get; init; }
}

/// <summary>What happens to an app.</summary>
public static class AppEventKind
{
    /// <summary>Instances of a process type end again and again.</summary>
    public const string CrashLooping = nameof(CrashLooping);

    /// <summary>They have been running for a while since.</summary>
    public const string Recovered = nameof(Recovered);

    public static IReadOnlyList<string> All { get; } = [CrashLooping, Recovered];
}
