using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>Reads from a Job, its pod and the events about both how a command that runs once goes.</summary>
internal sealed class JobReader(PodReader podReader, string command, int memory, TimeSpan timeout)
{
    private static readonly TimeSpan RestOfPods = TimeSpan.FromSeconds(5);

    /// <param name="job">As it is now.</param>
    /// <param name="pods">Its pods; there is never more than one.</param>
    /// <param name="events">Those about the Job and its pods; they alone tell why there is no pod.</param>
    public RolloutState Read(KubernetesObject job, IReadOnlyCollection<KubernetesObject> pods, IReadOnlyCollection<KubernetesObject> events)
    {
        if (RolloutReader.Condition(job, "Complete")?.Status == "True")
            return new(1, 1, IsComplete: true, Trouble: null);
        var trouble = RolloutReader.Condition(job, "Failed") is { Status: "True" } failed ? Ended(failed, pods)
            : pods.Count > 0 ? pods.Select(pod => podReader.TroubleOf(pod, job.Name, EventReader.About(pod, events))).OfType<Trouble>().FirstOrDefault()
            : EventReader.WhyNotMade(EventReader.About(job, events)) is { } words ? podReader.ToldRefused(job.Name, words)
            : null;
        return new(0, 1, IsComplete: false, trouble);
    }

    private Trouble Ended(Condition failed, IReadOnlyCollection<KubernetesObject> pods)
    {
        var end = pods.SelectMany(pod => pod.Read("status", "containerStatuses") as JsonArray ?? []).Select(status => status?["state"]?["terminated"])
            .FirstOrDefault(end => end is not null);
        // Another watch may still have to tell of the pod's end; if the pod is gone, none ever will.
        var isKnown = end is not null || failed.Reason == "DeadlineExceeded";
        return new(isKnown ? TimeSpan.Zero : RestOfPods, Why(failed, end)) { Reason = FailureReason.ReleaseCommandFailed, Pod = pods.FirstOrDefault(PodReader.HasRun)?.Name };
    }

    private string Why(Condition failed, JsonNode? end)
    {
        if (failed.Reason == "DeadlineExceeded")
            return KubernetesTargetTexts.JobTimedOut(command, timeout);
        return (string?)end?["reason"] switch
        {
            "OOMKilled" => DeployerTexts.OutOfMemory("release", memory),
            "StartError" => DeployerTexts.NotStarted("release", (string?)end["message"] ?? ""),
            _ when end is null => KubernetesTargetTexts.ReleaseCommandLost(command, failed.Message),
            _ => DeployerTexts.ReleaseCommandFailed(command, RolloutReader.Number(end["exitCode"])),
        };
    }
}
