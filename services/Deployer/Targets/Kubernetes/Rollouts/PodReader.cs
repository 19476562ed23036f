using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Hosting.Network;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>Reads from a pod why its container does not run.</summary>
internal sealed class PodReader(int memory, string healthPath, TimeSpan patience)
{
    /// <summary>What passes once everything has heard of everything.</summary>
    private readonly TimeSpan _shortPatience = patience / 4;

    // What a registry says of an image it will not have in a minute either.
    private static readonly string[] PullsThatNeverWork = ["not found", "manifest unknown"];

    // What it says of a login it does not know. A node may ask before it has heard of the Secret with the login, and asks again 10 s later.
    private static readonly string[] PullsWithoutLogin = ["unauthorized", "denied", "no basic auth", "authentication required"];

    /// <summary>The image of an add-on, which no build of the app makes; null for the app's own.</summary>
    public string? AddOnImage { get; init; }

    /// <summary>Whether a pod's container has run: one that was never started has printed nothing and answered nobody.</summary>
    public static bool HasRun(KubernetesObject pod)
    {
        static bool HasEnded(JsonNode? end) => end is not null && (string?)end["reason"] is not ("StartError" or "ContainerCannotRun");
        return (pod.Read("status", "containerStatuses") as JsonArray ?? [])
            .Any(status => status?["state"]?["running"] is not null || HasEnded(status?["state"]?["terminated"]) || HasEnded(status?["lastState"]?["terminated"]));
    }

    /// <summary>Why a pod is not made, from the words of the API.</summary>
    public Trouble Refused(string process, string words)
    {
        if (words.Contains("exceeded quota", StringComparison.Ordinal))
            return new(_shortPatience, KubernetesTargetTexts.QuotaExceeded(process, words)) { Reason = FailureReason.QuotaExceeded };
        return words.Contains("violates PodSecurity", StringComparison.Ordinal)
            ? new(TimeSpan.Zero, KubernetesTargetTexts.PodRefused(process, words)) { Lasts = true }
            : new(patience, KubernetesTargetTexts.PodRefused(process, words));
    }

    /// <summary>As <see cref="Refused"/>, from an event. It may be older than a pod that has been made since, of which another watch is about to tell: so none is final at once.</summary>
    public Trouble ToldRefused(string process, string words)
    {
        var trouble = Refused(process, words);
        return trouble.Patience < _shortPatience ? trouble with { Patience = _shortPatience } : trouble;
    }

    /// <param name="pod">As it is now.</param>
    /// <param name="process">What it is of.</param>
    /// <param name="events">Those about the pod, the last one last.</param>
    /// <returns>Null if nothing is wrong, or it is too early to tell.</returns>
    public Trouble? TroubleOf(KubernetesObject pod, string process, IReadOnlyCollection<KubernetesObject> events)
    {
        if (RolloutReader.Condition(pod, "PodScheduled") is { Status: "False", Reason: "Unschedulable" } unscheduled)
            return new(patience, KubernetesTargetTexts.Unschedulable(process, unscheduled.Message));
        if ((string?)pod.Read("status", "reason") == "Evicted" && (string?)pod.Read("status", "message") is { } evicted && evicted.Contains("ephemeral", StringComparison.Ordinal))
            return new(TimeSpan.Zero, KubernetesTargetTexts.DiskFull(process, evicted)) { Reason = FailureReason.AppExited };
        var trouble = (pod.Read("status", "containerStatuses") as JsonArray ?? [])
            .Select(status => OfContainer(status!, process, events)).OfType<Trouble>().FirstOrDefault();
        return trouble is null ? null : trouble with { Pod = HasRun(pod) ? pod.Name : null };
    }

    /// <summary>Why a pod that should be ready by now is not. It is the app's fault only if it ran.</summary>
    /// <param name="pod">As it is now.</param>
    /// <param name="process">What it is of.</param>
    /// <param name="late">What the cluster says of the delay.</param>
    /// <param name="events">Those about the pod, the last one last.</param>
    public Trouble Late(KubernetesObject pod, string process, string late, IReadOnlyCollection<KubernetesObject> events)
    {
        return HasRun(pod)
            ? new(TimeSpan.Zero, KubernetesTargetTexts.TimedOut(process, ProbeAnswer(events))) { Reason = FailureReason.HealthCheckFailed, Pod = pod.Name }
            : new(TimeSpan.Zero, KubernetesTargetTexts.NotOnNode(process, EventReader.WhyNotOnNode(events) ?? late));
    }

    private string ProbeAnswer(IEnumerable<KubernetesObject> events) =>
        EventReader.LastAnswer(events) is { } words ? KubernetesTargetTexts.ProbeAnswer(healthPath, words) : KubernetesTargetTexts.NoAnswer(healthPath);

    private Trouble? OfContainer(JsonNode status, string process, IReadOnlyCollection<KubernetesObject> events)
    {
        var waiting = status["state"]?["waiting"];
        var words = (string?)waiting?["message"] ?? "";
        switch ((string?)waiting?["reason"])
        {
            case "InvalidImageName":
                return new(TimeSpan.Zero, KubernetesTargetTexts.PullFailed(process, words)) { Lasts = true };
            case "ErrImagePull" or "ImagePullBackOff":
                // Before Kubernetes 1.31 a pod that waits for the next pull tells nothing of the last one.
                if (!words.Contains(": ", StringComparison.Ordinal))
                    words = EventReader.WhyNotPulled(events) ?? words;
                return PullFailed(process, words);
            case "CreateContainerConfigError" when words.Contains("non-root", StringComparison.Ordinal) || words.Contains("run as root", StringComparison.Ordinal):
                return new(TimeSpan.Zero, KubernetesTargetTexts.RunsAsRoot(process)) { Reason = FailureReason.NotSupportedByTarget };
            case "CreateContainerConfigError":
                return new(_shortPatience, KubernetesTargetTexts.NotConfigured(process, words));
            case "ContainerCreating" when EventReader.WhyNotOnNode(events) is { } why:
                return new(patience, KubernetesTargetTexts.NotOnNode(process, why));
            case "CreateContainerError" or "RunContainerError":
                return NotStarted(process, words);
        }

        // Between two tries a container is terminated for a while, or waits, or runs: the last end tells in all of them.
        var end = status["state"]?["terminated"] ?? status["lastState"]?["terminated"];
        if ((string?)end?["reason"] == "StartError")
            return NotStarted(process, (string?)end["message"] ?? "");
        if ((string?)end?["reason"] == "OOMKilled")
            return new(TimeSpan.Zero, DeployerTexts.OutOfMemory(process, memory)) { Reason = FailureReason.AppExited };
        // The node says so before it ends the container, which may take its time.
        if (events.Any(said => ((string?)said.Read("message"))?.Contains("failed startup probe", StringComparison.Ordinal) == true))
            return new(TimeSpan.Zero, KubernetesTargetTexts.NeverHealthy(process, ProbeAnswer(events))) { Reason = FailureReason.HealthCheckFailed };
        if (end is null)
            return null;
        // Once may be a service that was not there yet; an app that ends again does not come up.
        var ends = RolloutReader.Number(status["restartCount"]) + (status["state"]?["running"] is null ? 1 : 0);
        return ends < 2 ? null : new(TimeSpan.Zero, KubernetesTargetTexts.KeepsExiting(process, RolloutReader.Number(end["exitCode"]), ends)) { Reason = FailureReason.AppExited };
    }

    private Trouble PullFailed(string process, string words)
    {
        words = WithoutBackOff(words);
        // 403 is what a registry says of a login, too.
        if (NetworkWords.Read(words) is { Problem: not NetworkProblem.Denied } network)
            return new(patience, KubernetesTargetTexts.RegistryUnreachable(process, words, network));
        bool Says(string sign) => words.Contains(sign, StringComparison.OrdinalIgnoreCase);
        if (PullsWithoutLogin.Any(Says))
            return new(patience / 2, KubernetesTargetTexts.PullRefused(process, words)) { Lasts = true };
        if (!PullsThatNeverWork.Any(Says))
            return new(patience, KubernetesTargetTexts.PullFailed(process, words));
        return new(TimeSpan.Zero, AddOnImage is { } image ? KubernetesTargetTexts.AddOnImageGone(process, image, words) : KubernetesTargetTexts.ImageGone(process, words)) { Lasts = true };
    }

    /// <summary>A node that waits for its next pull says so first: the same words then tell of the same trouble.</summary>
    private static string WithoutBackOff(string words)
    {
        const string Sign = ": ErrImagePull: ";
        return words.StartsWith("Back-off pulling image", StringComparison.Ordinal) && words.IndexOf(Sign, StringComparison.Ordinal) is > 0 and var end ? words[(end + Sign.Length)..] : words;
    }

    private static Trouble NotStarted(string process, string words) => new(TimeSpan.Zero, DeployerTexts.NotStarted(process, words)) { Reason = FailureReason.AppExited };
}
