using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Paas.Contracts.Api;

namespace Paas.Cli.Platform;

/// <summary>The API's bodies; generated, as reflection would make every command slower to start.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Page<AppResponse>))]
[JsonSerializable(typeof(Page<DeploymentResponse>))]
[JsonSerializable(typeof(Page<ReleaseResponse>))]
[JsonSerializable(typeof(Page<DeliveryResponse>))]
[JsonSerializable(typeof(Page<FaultResponse>))]
[JsonSerializable(typeof(FaultDetailResponse))]
[JsonSerializable(typeof(Page<DeadMessageResponse>))]
[JsonSerializable(typeof(ConfigVarsResponse))]
[JsonSerializable(typeof(StatusResponse))]
[JsonSerializable(typeof(FormationResponse))]
[JsonSerializable(typeof(CreateAppRequest))]
[JsonSerializable(typeof(UpdateAppRequest))]
[JsonSerializable(typeof(CreateDeploymentRequest))]
[JsonSerializable(typeof(ReplayRequest))]
[JsonSerializable(typeof(ReplayManyRequest))]
[JsonSerializable(typeof(ReplayManyResponse))]
[JsonSerializable(typeof(DiscardRequest))]
[JsonSerializable(typeof(DeliveryAccepted))]
[JsonSerializable(typeof(DeploymentLogEvent))]
[JsonSerializable(typeof(CreateRunRequest))]
[JsonSerializable(typeof(RunResponse))]
[JsonSerializable(typeof(RunsResponse))]
[JsonSerializable(typeof(TargetsResponse))]
[JsonSerializable(typeof(InstancesResponse))]
[JsonSerializable(typeof(Page<AppEventResponse>))]
[JsonSerializable(typeof(LogLinesEvent))]
[JsonSerializable(typeof(LogWaitingEvent))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Credentials))]
[JsonSerializable(typeof(LocalAccess))]
[JsonSerializable(typeof(PlatformStatus))]
[JsonSerializable(typeof(Dictionary<string, string?>))]
[JsonSerializable(typeof(SortedDictionary<string, string>))]
[JsonSerializable(typeof(WhoAmI))]
[JsonSerializable(typeof(Dictionary<string, int?>))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <exception cref="CliException">It is something else.</exception>
    public static T Read<T>(string data, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(data, type) ?? throw CliException.Platform(CliTexts.AnswerNotUnderstood());
        }
        catch (JsonException)
        {
            throw CliException.Platform(CliTexts.AnswerNotUnderstood());
        }
    }
}

/// <summary>An error as RFC 9457 has it.</summary>
internal sealed record Problem
{
    public string? Title { get; init; }
    public string? Detail { get; init; }

    /// <summary>One of <see cref="ProblemCodes"/>: what to do, the command says in its own words.</summary>
    public string? Code { get; init; }

    /// <summary>The app it is about.</summary>
    public string? App { get; init; }

    /// <summary>What is wrong with which field.</summary>
    public Dictionary<string, string[]>? Errors { get; init; }
}

/// <summary>What <c>paas status --json</c> prints.</summary>
internal sealed record PlatformStatus
{
    public required string Url { get; init; }

    /// <summary>How the platform was found: <c>environment</c>, <c>login</c> or <c>local</c>.</summary>
    public required string FoundBy { get; init; }
    public required bool Ready { get; init; }

    /// <summary>How many deployments are in progress, and the newest of them.</summary>
    public required int InProgress { get; init; }
    public required IReadOnlyList<DeploymentSummaryResponse> Deployments { get; init; }
    public required int Faults { get; init; }

    /// <summary>The targets, and whether apps are walled in there; null if the deployer does not answer.</summary>
    public IReadOnlyList<TargetResponse>? Targets { get; init; }
}

/// <summary>What <c>paas whoami --json</c> prints.</summary>
internal sealed record WhoAmI
{
    public required string Url { get; init; }

    /// <inheritdoc cref="PlatformStatus.FoundBy"/>
    public required string FoundBy { get; init; }

    /// <summary>The name of the token.</summary>
    public required string Caller { get; init; }
}
