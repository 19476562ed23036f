using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>Reads from a Job and its pod how a command that runs once goes.</summary>
internal static class JobReader
{
    /// <param name="job">As it is now.</param>
    /// <param name="pods">Its pods; there is never more than one.</param>
    /// <param name="command">For people.</param>
    /// <param name="memory">What it may use, in MiB.</param>
    /// <param name="timeout">The longest it may take.</param>
    public static RolloutState Read(KubernetesObject job, IReadOnlyCollection<KubernetesObject> pods, string command, int memory, TimeSpan timeout)
    {
        if (RolloutReader.Condition(job, "Complete")?.Status == "True")
            return new(1, 1, IsComplete: true, Trouble: null);
        var trouble = RolloutReader.Condition(job, "Failed") is { Status: "True" } failed
            ? new Trouble(TimeSpan.Zero, Why(failed, pods, command, memory, timeout)) { Reason = FailureReason.ReleaseCommandFailed, Pod = pods.FirstOrDefault()?.Name }
            : pods.Select(pod => PodReader.TroubleOf(pod, job.Name, memory, "", [])).OfType<Trouble>().FirstOrDefault();
        return new(0, 1, IsComplete: false, trouble);
    }

    private static string Why(Condition failed, IReadOnlyCollection<KubernetesObject> pods, string command, int memory, TimeSpan timeout)
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
