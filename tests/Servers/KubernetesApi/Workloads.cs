using System.Globalization;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>The controllers of Kubernetes Deployments, replica sets and stateful sets.</summary>
internal sealed class Workloads(Cluster cluster)
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

    private void RunDeployment(Stored deployment)
    {
        var thing = deployment.Thing;
        var spec = thing.Map("spec");
        if (spec.At("paused")?.ToString() == "true")
            return;
        var sets = Owned(ReplicaSets, thing).ToList();
        var hash = Names.Hash(spec["template"]!);
        var current = sets.FirstOrDefault(set => set.Thing.Name() == $"{thing.Name()}-{hash}");
        var wanted = (int)(spec.Number("replicas") ?? 1);
        var isRolling = spec.Text("strategy", "type") != "Recreate";
        var surge = isRolling ? Part(spec.At("strategy", "rollingUpdate", "maxSurge"), wanted, up: true) : 0;
        var spare = isRolling ? Part(spec.At("strategy", "rollingUpdate", "maxUnavailable"), wanted, up: false) : wanted;
        if (isRolling && surge == 0 && spare == 0)
            spare = 1;

        var newest = sets.Select(RevisionOf).DefaultIfEmpty(0).Max();
        if (current is null || RevisionOf(current) < newest)
        {
            Reveal(deployment, current, sets, hash, newest + 1, wanted, surge, isRolling);
            return;
        }

        var old = sets.Where(set => set != current).ToList();
        Scale(deployment, current, old, wanted, surge, spare, isRolling);
        Report(deployment, current, sets, wanted, spare);
        var limit = (int)(spec.Number("revisionHistoryLimit") ?? 10);
        foreach (var surplus in old.Where(set => Replicas(set) == 0 && set.Thing.Number("status", "replicas") is null or 0).OrderBy(RevisionOf).SkipLast(limit))
            _store.Remove(surplus);
    }

    /// <summary>The new set, or the old one that is to be it again.</summary>
    private void Reveal(Stored deployment, Stored? set, List<Stored> sets, string hash, long revision, int wanted, int surge, bool isRolling)
    {
        var thing = deployment.Thing;
        if (set is null)
        {
            var template = thing.At("spec", "template")!.DeepClone().AsObject();
            template.Ensure("metadata", "labels")["pod-template-hash"] = hash;
            var selector = thing.At("spec", "selector")!.DeepClone().AsObject();
            selector.Ensure("matchLabels")["pod-template-hash"] = hash;
            var made = Child(ReplicaSets, $"{thing.Name()}-{hash}", deployment, template.At("metadata", "labels"));
            var room = isRolling ? wanted + surge - sets.Sum(Replicas) : sets.Any(each => Owned(Pods, each.Thing).Any()) ? 0 : wanted;
            made["spec"] = new JsonObject { ["replicas"] = Math.Clamp(room, 0, wanted), ["selector"] = selector, ["template"] = template };
            if (thing.Number("spec", "minReadySeconds") is > 0 and var seconds)
                made["spec"]!["minReadySeconds"] = seconds;
            made.Ensure("metadata")["annotations"] = SetAnnotations(revision, wanted, surge);
            cluster.Writer.Create(ReplicaSets, thing.Namespace(), made, new("kube-controller-manager", false, false));
        }
        else
        {
            _store.Change(set, each =>
            {
                var history = each.Text("metadata", "annotations", RevisionHistory) is { } before ? $"{before}," : "";
                var annotations = each.Ensure("metadata", "annotations");
                annotations[RevisionHistory] = history + annotations.Text(Revision);
                annotations[Revision] = revision.ToString(CultureInfo.InvariantCulture);
            });
        }

        var name = $"{thing.Name()}-{hash}";
        _progress.Remove(thing.Uid());
        _store.Change(deployment, each =>
        {
            each.Ensure("metadata", "annotations")[Revision] = revision.ToString(CultureInfo.InvariantCulture);
            if (set is null)
                Condition(each, "Progressing", true, "NewReplicaSetCreated", $"Created new replica set \"{name}\"");
            else
                Condition(each, "Progressing", true, "FoundNewReplicaSet", $"Found new replica set \"{name}\"");
        }, status: true);
    }

    private void Scale(Stored deployment, Stored current, List<Stored> old, int wanted, int surge, int spare, bool isRolling)
    {
        var oldPods = old.Sum(set => Owned(Pods, set.Thing).Count());
        if (!isRolling && oldPods > 0)
        {
            foreach (var set in old)
                ScaleTo(set, 0);
            return;
        }

        var total = old.Sum(Replicas) + Replicas(current);
        if (Replicas(current) > wanted)
            ScaleTo(current, wanted);
        else if (Replicas(current) < wanted && wanted + surge - total is > 0 and var room)
            ScaleTo(current, Math.Min(wanted, Replicas(current) + room));
        _store.Change(current, set =>
        {
            set.Ensure("metadata", "annotations")["deployment.kubernetes.io/desired-replicas"] = $"{wanted}";
            set.Ensure("metadata", "annotations")["deployment.kubernetes.io/max-replicas"] = $"{wanted + surge}";
        });
        var available = Owned(Pods, current.Thing).Count(pod => IsAvailable(pod.Thing, deployment.Thing)) + old.Sum(set => Owned(Pods, set.Thing).Count(pod => IsAvailable(pod.Thing, deployment.Thing)));
        var unavailableNew = Replicas(current) - Owned(Pods, current.Thing).Count(pod => IsAvailable(pod.Thing, deployment.Thing));
        foreach (var set in old.Where(set => Replicas(set) > 0))
        {
            // Those that don't work are the first to go.
            var broken = Replicas(set) - Owned(Pods, set.Thing).Count(pod => IsAvailable(pod.Thing, deployment.Thing));
            var room = Math.Min(old.Sum(Replicas) + Replicas(current) - (wanted - spare) - unavailableNew, Replicas(set));
            if (Math.Min(Math.Max(room, 0), Replicas(set)) is > 0 and var less)
                ScaleTo(set, Replicas(set) - Math.Max(Math.Min(less, Math.Max(available - (wanted - spare), 0) + broken), 0));
        }
    }

    private void Report(Stored deployment, Stored current, List<Stored> sets, int wanted, int spare)
    {
        var thing = deployment.Thing;
        var all = sets.Concat([current]).Distinct().ToList();
        var pods = all.SelectMany(set => Owned(Pods, set.Thing)).ToList();
        var (replicas, ready, available) = (pods.Count(pod => !pod.Thing.IsEnding()), pods.Count(pod => IsReady(pod.Thing)), pods.Count(pod => IsAvailable(pod.Thing, thing)));
        var updated = Owned(Pods, current.Thing).Count(pod => !pod.Thing.IsEnding());
        var updatedAvailable = Owned(Pods, current.Thing).Count(pod => IsAvailable(pod.Thing, thing));
        var isComplete = updated == wanted && replicas == wanted && updatedAvailable >= wanted;
        var signature = $"{replicas} {updated} {ready} {available}";
        var name = current.Thing.Name();
        if (!_progress.TryGetValue(thing.Uid(), out var progress) || progress.Status != signature)
            _progress[thing.Uid()] = progress = (signature, TimeProvider.System.GetTimestamp());
        var deadline = TimeSpan.FromSeconds(thing.Number("spec", "progressDeadlineSeconds") ?? 600);
        var said = thing.Items("status", "conditions").FirstOrDefault(each => each.Text("type") == "Progressing").Text("reason");
        _store.Change(deployment, each =>
        {
            var status = each.Ensure("status");
            status["observedGeneration"] = each.Number("metadata", "generation");
            Set(status, "replicas", replicas);
            Set(status, "updatedReplicas", updated);
            Set(status, "readyReplicas", ready);
            Set(status, "availableReplicas", available);
            Set(status, "unavailableReplicas", Math.Max(0, all.Sum(Replicas) - available));
            status["terminatingReplicas"] = pods.Count(pod => pod.Thing.IsEnding());
            if (available >= wanted - spare)
                Condition(each, "Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.");
            else
                Condition(each, "Available", false, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
            if (current.Thing.Items("status", "conditions").FirstOrDefault(condition => condition.Text("type") == "ReplicaFailure") is { } failure)
                Condition(each, "ReplicaFailure", true, failure.Text("reason")!, failure.Text("message")!);
            else
                Drop(status, "ReplicaFailure");
            // Once it was complete, pods that break are no matter of the rollout any more.
            if (isComplete)
                Condition(each, "Progressing", true, "NewReplicaSetAvailable", $"ReplicaSet \"{name}\" has successfully progressed.");
            else if (said is not "NewReplicaSetAvailable" && TimeProvider.System.GetElapsedTime(progress.Since) > deadline)
                Condition(each, "Progressing", false, "ProgressDeadlineExceeded", $"ReplicaSet \"{name}\" has timed out progressing.");
            else if (said is not ("NewReplicaSetAvailable" or "ProgressDeadlineExceeded") && updated > 0)
                Condition(each, "Progressing", true, "ReplicaSetUpdated", $"ReplicaSet \"{name}\" is progressing.");
        }, status: true);
    }

    private void RunReplicaSet(Stored set)
    {
        var pods = Owned(Pods, set.Thing).ToList();
        var alive = pods.Where(pod => !pod.Thing.IsEnding() && pod.Thing.Text("status", "phase") is not ("Succeeded" or "Failed")).ToList();
        string? failure = null;
        for (var i = alive.Count; i < Replicas(set) && failure is null; i++)
            failure = TryCreate(set, $"{set.Thing.Name()}-{Names.Random()}", $"{set.Thing.Name()}-", set.Thing.Map("spec", "template"));
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

    private void RunStatefulSet(Stored set)
    {
        var thing = set.Thing;
        var wanted = (int)(thing.Number("spec", "replicas") ?? 1);
        var revision = $"{thing.Name()}-{Names.Hash(thing.At("spec", "template")!)}";
        var pods = Owned(Pods, thing).ToDictionary(pod => pod.Thing.Name());
        for (var i = 0; i < wanted; i++)
        {
            var name = $"{thing.Name()}-{i}";
            if (!pods.TryGetValue(name, out var pod))
            {
                CreateMember(set, name, revision);
                break;
            }

            if (!IsReady(pod.Thing))
                break;
        }

        foreach (var (name, pod) in pods.OrderByDescending(each => each.Key, StringComparer.Ordinal))
        {
            var isSurplus = int.Parse(name[(name.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture) >= wanted;
            var isOld = pod.Thing.Text("metadata", "labels", "controller-revision-hash") != revision;
            if ((isSurplus || isOld) && !pod.Thing.IsEnding() && (isSurplus || pods.Values.All(each => each == pod || IsReady(each.Thing) || string.CompareOrdinal(each.Thing.Name(), name) < 0)))
            {
                cluster.Writer.Delete(pod, null, null);
                break;
            }
        }

        var alive = Owned(Pods, thing).Where(pod => !pod.Thing.IsEnding()).ToList();
        var updated = alive.Count(pod => pod.Thing.Text("metadata", "labels", "controller-revision-hash") == revision);
        _store.Change(set, each =>
        {
            var status = each.Ensure("status");
            status["observedGeneration"] = each.Number("metadata", "generation");
            status["replicas"] = alive.Count;
            Set(status, "readyReplicas", alive.Count(pod => IsReady(pod.Thing)));
            status["availableReplicas"] = alive.Count(pod => IsAvailable(pod.Thing, each));
            status["updateRevision"] = revision;
            if (updated == wanted || status.Text("currentRevision") is null)
                status["currentRevision"] = revision;
            Set(status, "currentReplicas", alive.Count(pod => pod.Thing.Text("metadata", "labels", "controller-revision-hash") == status.Text("currentRevision")));
            Set(status, "updatedReplicas", updated);
            status["collisionCount"] = 0;
        }, status: true);
    }

    private void CreateMember(Stored set, string name, string revision)
    {
        var template = set.Thing.At("spec", "template")!.DeepClone().AsObject();
        var labels = template.Ensure("metadata", "labels");
        labels["controller-revision-hash"] = revision;
        labels["statefulset.kubernetes.io/pod-name"] = name;
        labels["apps.kubernetes.io/pod-index"] = name[(name.LastIndexOf('-') + 1)..];
        var spec = template.Ensure("spec");
        foreach (var claim in set.Thing.Items("spec", "volumeClaimTemplates"))
        {
            var claimName = $"{claim.Name()}-{name}";
            if (_store.Find(Claims, set.Thing.Namespace(), claimName) is null)
            {
                var made = new JsonObject { ["metadata"] = new JsonObject { ["name"] = claimName, ["labels"] = set.Thing.At("spec", "selector", "matchLabels")?.DeepClone() }, ["spec"] = claim["spec"]!.DeepClone() };
                cluster.Writer.Create(Claims, set.Thing.Namespace(), made, new("kube-controller-manager", false, false));
            }

            if (spec["volumes"] is not JsonArray volumes)
                spec["volumes"] = volumes = [];
            volumes.Add(new JsonObject { ["name"] = claim.Name(), ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claimName } });
        }

        spec["hostname"] = name;
        spec["subdomain"] = set.Thing.Text("spec", "serviceName");
        TryCreate(set, name, null, template);
    }

    /// <summary>Makes a pod; otherwise it tells why not.</summary>
    private string? TryCreate(Stored owner, string name, string? prefix, JsonObject template)
    {
        var pod = Child(Pods, name, owner, template.At("metadata", "labels"));
        if (prefix is not null)
            pod.Ensure("metadata")["generateName"] = prefix;
        if (template.At("metadata", "annotations") is { } annotations)
            pod.Ensure("metadata")["annotations"] = annotations.DeepClone();
        pod["spec"] = template["spec"]!.DeepClone();
        try
        {
            cluster.Writer.Create(Pods, owner.Thing.Namespace(), pod, new("kube-controller-manager", false, false));
            return null;
        }
        catch (ApiError error)
        {
            return error.Status.Text("message");
        }
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
                ["apiVersion"] = owner.Type.ApiVersion, ["kind"] = owner.Type.Kind, ["name"] = owner.Thing.Name(), ["uid"] = owner.Thing.Uid(), ["controller"] = true, ["blockOwnerDeletion"] = true,
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
        ["deployment.kubernetes.io/desired-replicas"] = $"{wanted}", ["deployment.kubernetes.io/max-replicas"] = $"{wanted + surge}", [Revision] = $"{revision}",
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
