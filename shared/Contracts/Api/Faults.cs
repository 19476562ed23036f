using System.Text.Json.Nodes;

namespace Paas.Contracts.Api;

/// <summary>A faulted deployment, for the operator.</summary>
public sealed record FaultResponse
{
    /// <summary>The deployment's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment's name, such as <c>hello#7</c>.</summary>
    public required string Name { get; init; }
    public required string App { get; init; }
    public required string Environment { get; init; }
    public string? Commit { get; init; }
    public required string Step { get; init; }
    public required string Reason { get; init; }
    public string? ExceptionType { get; init; }
    public required string Message { get; init; }

    /// <summary>The attempt that faulted; each replay begins another.</summary>
    public required int Attempt { get; init; }

    /// <summary>How often the attempt was tried, and how often it may be; null if that is not known.</summary>
    public int? Tries { get; init; }
    public int? MaxTries { get; init; }

    /// <summary>Since when it waits for an operator.</summary>
    public required DateTime FaultedAt { get; init; }

    /// <summary>How often operators have replayed the deployment.</summary>
    public int Replays { get; init; }
}

/// <summary>A faulted deployment with its dead message, and what operators did about it before.</summary>
public sealed record FaultDetailResponse
{
    public required FaultResponse Fault { get; init; }

    /// <summary>Null if there is none, as on the in-memory bus, or if the broker can't be asked.</summary>
    public DeadMessageResponse? DeadMessage { get; init; }

    /// <summary>Why there is no dead message.</summary>
    public string? DeadMessageMissing { get; init; }

    /// <summary>Newest first.</summary>
    public required IReadOnlyList<OperatorActionResponse> Actions { get; init; }
}

/// <summary>A message in an error queue or a skipped queue; secrets are masked.</summary>
public sealed record DeadMessageResponse
{
    public required Guid MessageId { get; init; }
    public required string Queue { get; init; }
    public string? MessageType { get; init; }
    public Guid? DeploymentId { get; init; }
    public int? Attempt { get; init; }
    public DateTime? DeadSince { get; init; }
    public string? ExceptionType { get; init; }
    public string? Message { get; init; }

    /// <summary>Made by the platform from what it had recorded, because the original was not there.</summary>
    public bool Remade { get; init; }
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The envelope, if it can be read.</summary>
    public JsonNode? Body { get; init; }

    /// <summary>The body if it is no JSON, cut if it is long.</summary>
    public string? Text { get; init; }
}

/// <summary>What an operator did; recorded when it took effect.</summary>
public sealed record OperatorActionResponse
{
    public required Guid Id { get; init; }

    /// <summary>Null for a dead message of no deployment.</summary>
    public Guid? DeploymentId { get; init; }

    /// <summary>One of <see cref="OperatorActions"/>.</summary>
    public required string Action { get; init; }

    /// <summary>The step that had faulted, and its attempt.</summary>
    public string? Step { get; init; }
    public int? Attempt { get; init; }

    /// <summary>The step a replay began with.</summary>
    public string? FromStep { get; init; }

    /// <summary>The dead message that was discarded, and where it was.</summary>
    public Guid? MessageId { get; init; }
    public string? Queue { get; init; }

    /// <summary>Why it was discarded; for one replay among many, which they were.</summary>
    public string? Reason { get; init; }
    public required string By { get; init; }
    public required DateTime At { get; init; }
}

public static class OperatorActions
{
    public const string Replay = "replay";

    /// <summary>Together with others.</summary>
    public const string ReplayMany = "replay-many";
    public const string Discard = "discard";
    public const string DiscardMessage = "discard-message";
}

/// <summary>Body of <c>POST /v1/admin/faults/{id}/replay</c>.</summary>
public sealed record ReplayRequest
{
    /// <summary>The step to begin with; null for the one that faulted.</summary>
    public string? From { get; init; }
}

/// <summary>Body of <c>POST /v1/admin/faults/replay</c>: which faults to replay; all that are given have to fit.</summary>
public sealed record ReplayManyRequest
{
    public string? Step { get; init; }
    public string? App { get; init; }
    public DateTime? Since { get; init; }
    public DateTime? Until { get; init; }
}

public sealed record ReplayManyResponse
{
    /// <summary>How many replays were asked for; one that somebody else asks for at the same time counts in both answers, and is done once.</summary>
    public required int Replayed { get; init; }
}

/// <summary>Body of <c>POST /v1/admin/faults/{id}/discard</c> and <c>POST /v1/admin/dead-messages/{id}/discard</c>.</summary>
public sealed record DiscardRequest
{
    public string? Reason { get; init; }
}
