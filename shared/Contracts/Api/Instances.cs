namespace Paas.Contracts.Api;

/// <summary>Answer of <c>GET /v1/apps/{app}/instances</c> and <c>GET /v1/instances</c>.</summary>
public sealed record InstancesResponse
{
    /// <summary>Those of live releases, by app and name.</summary>
    public required IReadOnlyList<InstanceResponse> Instances { get; init; }

    /// <summary>The targets that did not tell in time how their instances are: of their apps nothing is known.</summary>
    public IReadOnlyList<SilentTarget> Unknown { get; init; } = [];
}

/// <summary>A target that did not tell how its instances are.</summary>
public sealed record SilentTarget
{
    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    public required string Target { get; init; }

    /// <summary>Why, for people.</summary>
    public required string Message { get; init; }
}

/// <summary>How an instance is.</summary>
public sealed record InstanceResponse
{
    public required string App { get; init; }

    /// <summary>Such as <c>web.1</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The process type, such as <c>web</c>.</summary>
    public required string Process { get; init; }
    public required int Release { get; init; }

    /// <summary>One of <see cref="InstanceState"/>.</summary>
    public required string State { get; init; }

    /// <summary>Since when it is so; null if the target does not know.</summary>
    public DateTime? Since { get; init; }

    /// <summary>How often it was started again after it had ended by itself.</summary>
    public required int Restarts { get; init; }

    /// <summary>How it ended the last time.</summary>
    public int? LastExitCode { get; init; }

    /// <summary>Why it ended the last time, or what keeps it from starting.</summary>
    public string? Reason { get; init; }

    /// <summary>When it ended the last time.</summary>
    public DateTime? LastExitAt { get; init; }

    /// <summary>The last line it has printed; told only when one app is asked about.</summary>
    public string? LastLine { get; init; }
}

/// <summary>Something that happened to an app while it was live.</summary>
public sealed record AppEventResponse
{
    public required Guid Id { get; init; }

    /// <summary>One of <see cref="AppEventKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The process type it is about, such as <c>web</c>.</summary>
    public required string Process { get; init; }

    /// <summary>The instance that was seen last, such as <c>web.1</c>.</summary>
    public required string Instance { get; init; }
    public required int Release { get; init; }

    /// <summary>When it began.</summary>
    public required DateTime At { get; init; }

    /// <summary>When it was seen last.</summary>
    public required DateTime LastAt { get; init; }

    /// <summary>How often the instance had been started again by then.</summary>
    public required int Restarts { get; init; }
    public int? ExitCode { get; init; }
    public string? Reason { get; init; }
    public string? LastLine { get; init; }

    /// <summary>What happened, as a sentence.</summary>
    public required string Message { get; init; }
}
