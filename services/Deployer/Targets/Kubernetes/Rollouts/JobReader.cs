using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>Reads from a Job, its pod and the events about both how a command that runs once goes.</summary>
internal sealed class JobReader(PodReader podReader, string command, int memory, TimeSpan timeout)
{
    /// <param name="job">As it is now.</param>
    /// <param name="pods">Its pods; there is never more than one.</param>
    /// <param name="events">Those about the Job and its pods; they alone tell why there is no pod.</param>
    public RolloutState Read(KubernetesObject job, IReadOnlyCollection<KubernetesObject> pods, IReadOnlyCollection<KubernetesObject> events)
    {
        if (RolloutReader.Condition(job, "Complete")?.Status == "True")
            return new(1, 1, IsComplete: true, Trouble: null);
        var trouble = RolloutReader.Condition(job, "Failed") is { Status: "True" } failed
            ? new Trouble(TimeSpan.Zero, Why(failed, pods)) { Reason = FailureReason.ReleaseCommandFailed, Pod = pods.FirstOrDefault()?.Name }
            : pods.Count > 0 ? pods.Select(pod => podReader.TroubleOf(pod, job.Name, EventReader.About(pod, events))).OfType<Trouble>().FirstOrDefault()
            : EventReader.WhyNotMade(EventReader.About(job, events)) is { } words ? podReader.ToldRefused(job.Name, words)
            : null;
        return new(0, 1, IsComplete: false, trouble);
    }

    private string Why(Condition failed, IReadOnlyCollection<KubernetesObject> pods)
    {
        if (failed.Reason == "DeadlineExceeded")
            return KubernetesTargetTexts.JobTimedOut(command, timeout);
        var end = pods.SelectMany(pod => pod.Read("status", "containerStatuses") as JsonArray ?? []).Select(status => status?["state"]?["terminated"])
            .FirstOrDefault(end => end is not null);
        return (string?)end?["reason"] switch
        {
            "OOMKilled" => DeployerTexts.OutOfMemory("release", memory),
            "StartError" => DeployerTexts.NotStarted("release", (string?)end["message"] ?? ""),
            _ => DeployerTexts.ReleaseCommandFailed(command, RolloutReader.Number(end?["exitCode"], missing: 1)),
        };
    }
}
