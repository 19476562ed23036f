using System.Globalization;
using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>The Job of a run and its pod, and what they tell of the run: nothing of it is kept anywhere else.</summary>
/// <param name="RunId">Whose it is.</param>
/// <param name="Job">The Job.</param>
/// <param name="Pod">Null before the cluster has made it, and once it is gone.</param>
internal sealed record RunJob(Guid RunId, KubernetesObject Job, KubernetesObject? Pod)
{
    private const int OverTime = 124, NotStarted = 125, NotExecutable = 126, NotFound = 127, Killed = 137, Terminated = 143;
    private const string DeadlineExceeded = nameof(DeadlineExceeded);

    /// <returns>Null if it is not one of a run.</returns>
    public static RunJob? From(KubernetesObject job, IEnumerable<KubernetesObject> pods) =>
        Guid.TryParse(job.Labels.GetValueOrDefault(RunObjects.RunLabel), out var id)
            ? new RunJob(id, job, pods.FirstOrDefault(pod => pod.Labels.GetValueOrDefault(RunObjects.RunLabel) == id.ToString()))
            : null;

    /// <summary>About its pod, or about the Job if there is no pod; none once it has started.</summary>
    public IReadOnlyList<KubernetesObject> Events { get; init; } = [];

    /// <summary>Selects them.</summary>
    public string FieldsOfEvents => $"involvedObject.uid={(Pod ?? Job).Uid}";

    public string Name => Job.Labels.GetValueOrDefault(RunObjects.NameLabel) ?? "run";

    public string Namespace => Job.Namespace ?? "";

    /// <summary>Whether its command has begun, or could not: from then on there may be something to read.</summary>
    public bool HasStarted => Pod is not null && HasBegun(Pod);

    // The pod knows first.
    public bool HasEnded => (string?)Pod?.Read("status", "phase") is "Succeeded" or "Failed" || IsFinished(Job);

    /// <summary>Why it was given up before it had started; null if it was not.</summary>
    public string? WhyGivenUp => Job.Annotations.GetValueOrDefault(RunObjects.NotStartedAnnotation);

    public bool IsStopped => Job.Annotations.ContainsKey(RunObjects.StoppedAnnotation);

    private JsonNode? Spec => Job.Read("spec", "template", "spec");

    private TimeSpan Limit => TimeSpan.FromSeconds(RolloutReader.Number(Spec?["activeDeadlineSeconds"]));

    private JsonNode? End => Pod is null ? null : StateOf(Pod)?["terminated"];

    public static bool HasBegun(KubernetesObject pod) => StateOf(pod) is { } state && (state["running"] ?? state["terminated"]) is not null;

    public static bool IsFinished(KubernetesObject job) =>
        RolloutReader.Condition(job, "Complete")?.Status == "True" || RolloutReader.Condition(job, "Failed")?.Status == "True";

    /// <summary>Why it has not started; null if it has, or nothing is known to keep it from it.</summary>
    public Trouble? TroubleOf(PodReader reader)
    {
        if (HasStarted || HasEnded)
            return null;
        if (Pod is not null)
            return reader.TroubleOf(Pod, Name, EventReader.About(Pod, Events));
        return EventReader.WhyNotMade(EventReader.About(Job, Events)) is { } words ? reader.Refused(Name, words) : null;
    }

    /// <param name="memory">What it may use, in MiB.</param>
    /// <param name="reader">Tells why it has not started.</param>
    public RunStatus Status(int memory, PodReader reader)
    {
        var words = RunObjects.CommandOf(Spec?["containers"]?[0]?["args"]);
        var (exitCode, reason, message) = HasEnded ? EndOf(words, memory) : (null, null, WhyGivenUp ?? TroubleOf(reader)?.Message);
        return new RunStatus
        {
            RunId = RunId,
            Name = Name,
            Command = words,
            Release = int.TryParse(Job.Labels.GetValueOrDefault(RunObjects.ReleaseLabel), NumberStyles.None, CultureInfo.InvariantCulture, out var release) ? release : 0,
            State = HasEnded ? RunStates.Ended : RunStates.Running,
            ExitCode = exitCode,
            Reason = reason,
            Message = message,
            CreatedAt = (Job.CreatedAt ?? default).UtcDateTime,
            FinishedAt = HasEnded ? FinishedAt?.UtcDateTime : null,
            TimeLimit = Limit,
        };
    }

    private DateTimeOffset? FinishedAt => Time(End?["finishedAt"])
        ?? (Job.Read("status", "conditions") as JsonArray ?? []).Select(condition => Time(condition?["lastTransitionTime"])).Max();

    private (int? ExitCode, string? Reason, string? Message) EndOf(IReadOnlyList<string> words, int memory)
    {
        int? exitCode = End is null ? null : RolloutReader.Number(End["exitCode"]);
        var why = (string?)Pod?.Read("status", "reason");
        if (why == DeadlineExceeded || RolloutReader.Condition(Job, "Failed")?.Reason == DeadlineExceeded)
        {
            if (!HasStarted && WhyGivenUp is { } sentence)
                return (NotStarted, RunEnds.NotStarted, sentence);
            // Whoever stopped it: what takes longer than it may has no right to be called a success.
            if (IsStopped && !(FinishedAt - Time(Pod?.Read("status", "startTime")) >= Limit))
                return (exitCode ?? Terminated, null, null);
            return (OverTime, RunEnds.TimedOut, HasStarted ? DeployerTexts.RunTimedOut(Name, Limit) : KubernetesTargetTexts.RunNeverStarted(Name, Namespace));
        }

        switch ((string?)End?["reason"])
        {
            case "OOMKilled":
                return (exitCode, RunEnds.OutOfMemory, DeployerTexts.RunOutOfMemory(Name, memory));
            case "StartError" or "ContainerCannotRun":
                var isDenied = ((string?)End?["message"])?.Contains("permission denied", StringComparison.Ordinal) == true;
                return (isDenied ? NotExecutable : NotFound, RunEnds.CommandNotFound, DeployerTexts.RunCommandNotFound(words is [var program, ..] ? program : ""));
        }

        if (exitCode is not null && why is null or "")
            return (exitCode, null, null);
        if (Pod is null && RolloutReader.Condition(Job, "Complete")?.Status == "True")
            return (0, null, null);
        if (IsStopped)
            return (exitCode ?? Terminated, null, null);
        return (exitCode is null or 0 ? Killed : exitCode, RunEnds.Interrupted, KubernetesTargetTexts.RunInterrupted(Name, (string?)Pod?.Read("status", "message") ?? why));
    }

    private static JsonNode? StateOf(KubernetesObject pod) => (pod.Read("status", "containerStatuses") as JsonArray ?? []).FirstOrDefault()?["state"];

    private static DateTimeOffset? Time(JsonNode? node) =>
        DateTimeOffset.TryParse((string?)node, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
