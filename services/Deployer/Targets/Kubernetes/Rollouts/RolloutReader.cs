using System.Text.Json.Nodes;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>
/// Reads from a Kubernetes Deployment, its pods and the events about them how its rollout goes. What is wrong shows in
/// several places: the Deployment knows about pods that could not be made, the pods about containers that do not run,
/// and only events tell what a probe was answered.
/// </summary>
internal sealed class RolloutReader(string version, PodReader podReader)
{
    /// <param name="deployment">As it is now.</param>
    /// <param name="pods">Those of its selector.</param>
    /// <param name="events">Those about the pods.</param>
    public RolloutState Read(KubernetesObject deployment, IReadOnlyCollection<KubernetesObject> pods, IReadOnlyCollection<KubernetesObject> events)
    {
        var wanted = Number(deployment.Read("spec", "replicas"), 1);
        var mine = pods.Where(pod => pod.DeletionTimestamp is null && pod.Labels.GetValueOrDefault(AppNamespace.Version) == version).ToList();
        var ready = mine.Count(IsReady);
        // The status still tells about what was there before.
        if (deployment.ObservedGeneration < deployment.Generation)
            return new(ready, wanted, IsComplete: false, Trouble: null);
        if (IsComplete(deployment, wanted))
            return new(wanted, wanted, IsComplete: true, Trouble: null);
        return new(ready, wanted, IsComplete: false, TroubleOf(deployment, mine, events));
    }

    /// <summary>Whether a Kubernetes Deployment that is told of more instances now would make pods of a release that is to go.</summary>
    public static bool ScalesOldPods(KubernetesObject before, string version, int wanted)
    {
        var instances = Number(before.Read("spec", "replicas"), 1);
        var runs = (string?)before.Read("spec", "template", "metadata", "labels", AppNamespace.Version);
        return instances > 0 && instances < wanted && (runs != version || before.ObservedGeneration < before.Generation || !IsComplete(before, instances));
    }

    // Counts that are zero are left out of a status.
    private static bool IsComplete(KubernetesObject deployment, int wanted) =>
        Number(deployment.Read("status", "updatedReplicas")) == wanted
        && Number(deployment.Read("status", "replicas")) == wanted
        && Number(deployment.Read("status", "availableReplicas")) == wanted;

    private Trouble? TroubleOf(KubernetesObject deployment, List<KubernetesObject> pods, IReadOnlyCollection<KubernetesObject> events)
    {
        var process = deployment.Name;
        // The one that can't pass comes first.
        var troubles = pods.Select(pod => podReader.TroubleOf(pod, process, EventReader.About(pod, events))).OfType<Trouble>().ToList();
        if (troubles.MinBy(trouble => trouble.Patience) is { } worst)
            return worst;
        if (Condition(deployment, "ReplicaFailure") is { Status: "True" } refused)
            return podReader.Refused(process, refused.Message);
        if (Condition(deployment, "Progressing") is not { Status: "False" } late)
            return null;
        return pods.Find(pod => !IsReady(pod)) is { } unready
            ? podReader.Late(unready, process, late.Message, EventReader.About(unready, events))
            : new(TimeSpan.Zero, KubernetesTargetTexts.TimedOut(process, late.Message));
    }

    private static bool IsReady(KubernetesObject pod) => Condition(pod, "Ready")?.Status == "True";

    internal static Condition? Condition(KubernetesObject thing, string type) => (thing.Read("status", "conditions") as JsonArray ?? [])
        .Where(condition => (string?)condition?["type"] == type)
        .Select(condition => new Condition((string?)condition!["status"] ?? "", (string?)condition["reason"] ?? "", (string?)condition["message"] ?? ""))
        .FirstOrDefault();

    internal static int Number(JsonNode? node, int missing = 0) => node is JsonValue value && value.TryGetValue<int>(out var number) ? number : missing;
}

/// <summary>One of an object's conditions.</summary>
internal sealed record Condition(string Status, string Reason, string Message);
