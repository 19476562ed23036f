using System.Globalization;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>The controllers of Kubernetes Deployments, replica sets and stateful sets.</summary>
internal sealed partial class Workloads(Cluster cluster, PodMaker maker)
{
    private const string Revision = "deployment.kubernetes.io/revision";
    private const string RevisionHistory = "deployment.kubernetes.io/revision-history";
    private static readonly ApiType Deployments = ApiType.Of("deployments"), ReplicaSets = ApiType.Of("replicasets"), Pods = ApiType.Of("pods"), Claims = ApiType.Of("persistentvolumeclaims");
    private readonly ApiStore _store = cluster.Store;
    private readonly Dictionary<string, (string Status, long Since)> _progress = [];
    private readonly Dictionary<string, long> _readySince = [];

    public static bool IsReady(JsonObject pod) => !pod.IsEnding() && pod.Items("status", "conditions").Any(each => each.Text("type") == "Ready" && each.Text("status") == "True");

    public void Run()
    {
        foreach (var deployment in _store.All(Deployments).Where(each => !each.Thing.IsEnding()))
            RunDeployment(deployment);
        foreach (var set in _store.All(ReplicaSets).Where(each => !each.Thing.IsEnding()))
            RunReplicaSet(set);
        foreach (var set in _store.All(ApiType.Of("statefulsets")).Where(each => !each.Thing.IsEnding()))
            RunStatefulSet(set);
    }

    private void RunReplicaSet(Stored set)
    {
        var pods = Owned(Pods, set.Thing).ToList();
        var alive = pods.Where(pod => !pod.Thing.IsEnding() && pod.Thing.Text("status", "phase") is not ("Succeeded" or "Failed")).ToList();
        string? failure = null;
        for (var i = alive.Count; i < Replicas(set) && failure is null; i++)
            failure = maker.TryCreate(set, $"{set.Thing.Name()}-{Names.Random()}", $"{set.Thing.Name()}-", set.Thing.Map("spec", "template"));
        foreach (var surplus in alive.OrderBy(pod => IsReady(pod.Thing)).ThenByDescending(pod => pod.Thing.Text("metadata", "creationTimestamp")).Take(alive.Count - Replicas(set)))
            cluster.Writer.Delete(surplus, null, null);
        pods = [.. Owned(Pods, set.Thing)];
        alive = [.. pods.Where(pod => !pod.Thing.IsEnding())];
        _store.Change(set, thing =>
        {
            var status = thing.Ensure("status");
            status["replicas"] = alive.Count;
            Set(status, "fullyLabeledReplicas", alive.Count);
            Set(status, "readyReplicas", alive.Count(pod => IsReady(pod.Thing)));
            Set(status, "availableReplicas", alive.Count(pod => IsAvailable(pod.Thing, thing)));
            status["terminatingReplicas"] = pods.Count - alive.Count;
            status["observedGeneration"] = thing.Number("metadata", "generation");
            if (failure is not null)
                Condition(thing, "ReplicaFailure", true, "FailedCreate", failure, updates: false);
            else if (alive.Count >= Replicas(set))
                Drop(status, "ReplicaFailure");
        }, status: true);
    }

    internal static JsonObject Child(ApiType type, string name, Stored owner, JsonNode? labels) => new()
    {
        ["apiVersion"] = type.ApiVersion,
        ["kind"] = type.Kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = labels?.DeepClone(),
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = owner.Type.ApiVersion,
                ["kind"] = owner.Type.Kind,
                ["name"] = owner.Thing.Name(),
                ["uid"] = owner.Thing.Uid(),
                ["controller"] = true,
                ["blockOwnerDeletion"] = true,
            }),
        },
    };

    private IEnumerable<Stored> Owned(ApiType type, JsonObject owner) =>
        _store.All(type, owner.Namespace()).Where(each => each.Thing.Items("metadata", "ownerReferences").Any(reference => reference.Text("uid") == owner.Uid()));

    private bool IsAvailable(JsonObject pod, JsonObject owner)
    {
        if (!IsReady(pod))
        {
            _readySince.Remove(pod.Uid());
            return false;
        }

        if (!_readySince.TryGetValue(pod.Uid(), out var since))
            _readySince[pod.Uid()] = since = TimeProvider.System.GetTimestamp();
        return TimeProvider.System.GetElapsedTime(since) >= TimeSpan.FromSeconds(owner.Number("spec", "minReadySeconds") ?? 0);
    }

    private void ScaleTo(Stored set, int replicas) => _store.Change(set, thing => thing.Ensure("spec")["replicas"] = replicas);

    private static int Replicas(Stored set) => (int)(set.Thing.Number("spec", "replicas") ?? 0);

    private static long RevisionOf(Stored set) => long.Parse(set.Thing.Text("metadata", "annotations", Revision) ?? "0", CultureInfo.InvariantCulture);

    private static JsonObject SetAnnotations(long revision, int wanted, int surge) => new()
    {
        ["deployment.kubernetes.io/desired-replicas"] = $"{wanted}",
        ["deployment.kubernetes.io/max-replicas"] = $"{wanted + surge}",
        [Revision] = $"{revision}",
    };

    private static int Part(JsonNode? node, int whole, bool up)
    {
        if (node.Text() is { } text && text.EndsWith('%'))
        {
            var part = int.Parse(text[..^1], CultureInfo.InvariantCulture) * whole / 100m;
            return (int)(up ? Math.Ceiling(part) : Math.Floor(part));
        }

        return (int)(node.Number() ?? 0);
    }

    private static void Set(JsonObject status, string name, int value)
    {
        // Nothing is left out where it is nothing.
        if (value == 0)
            status.Remove(name);
        else
            status[name] = value;
    }

    internal static void Condition(JsonObject thing, string type, bool isTrue, string reason, string message, bool updates = true)
    {
        var status = thing.Ensure("status");
        if (status["conditions"] is not JsonArray conditions)
            status["conditions"] = conditions = [];
        var old = conditions.OfType<JsonObject>().FirstOrDefault(each => each.Text("type") == type);
        var value = isTrue ? "True" : "False";
        if (old.Text("status") == value && old.Text("reason") == reason && (old.Text("message") == message || reason == "FailedCreate"))
            return;
        var since = old.Text("status") == value ? old.Text("lastTransitionTime") : ApiStore.Now;
        if (old is not null)
            conditions.Remove(old);
        var condition = new JsonObject { ["type"] = type, ["status"] = value };
        if (updates)
            condition["lastUpdateTime"] = ApiStore.Now;
        condition["lastTransitionTime"] = since;
        condition["reason"] = reason;
        condition["message"] = message;
        conditions.Add(condition);
    }

    private static void Drop(JsonObject status, string type)
    {
        if (status["conditions"] is JsonArray conditions && conditions.OfType<JsonObject>().FirstOrDefault(each => each.Text("type") == type) is { } old)
            conditions.Remove(old);
    }
}
