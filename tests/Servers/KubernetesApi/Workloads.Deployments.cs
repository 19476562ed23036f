using System.Globalization;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <content>Kubernetes Deployments.</content>
internal sealed partial class Workloads
{
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

        if (ScaleFirst(sets, current, wanted, surge, isRolling))
            return;
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

    /// <summary>Another number of instances comes before a new template: the sets there are grow or shrink to it.</summary>
    private bool ScaleFirst(List<Stored> sets, Stored? current, int wanted, int surge, bool isRolling)
    {
        const string Desired = "deployment.kubernetes.io/desired-replicas", Most = "deployment.kubernetes.io/max-replicas";
        var active = sets.Where(set => Replicas(set) > 0).ToList();
        if (active.TrueForAll(set => set.Thing.Text("metadata", "annotations", Desired) is not { } desired || desired == $"{wanted}"))
            return false;
        var most = wanted > 0 ? wanted + surge : 0;
        if (active is [var one])
        {
            ScaleTo(one, wanted);
        }
        else if (isRolling && !(current is not null && Replicas(current) == wanted))
        {
            // In proportion, the largest first when there are to be more.
            var toAdd = most - active.Sum(Replicas);
            var added = 0;
            var bySize = toAdd > 0 ? active.OrderByDescending(Replicas).ThenByDescending(RevisionOf) : active.OrderBy(Replicas).ThenBy(RevisionOf);
            foreach (var set in bySize.ToList())
            {
                var before = int.Parse(set.Thing.Text("metadata", "annotations", Most) ?? $"{most}", CultureInfo.InvariantCulture);
                var part = (int)Math.Round(Replicas(set) * (double)most / Math.Max(1, before), MidpointRounding.AwayFromZero) - Replicas(set);
                part = toAdd > 0 ? Math.Clamp(part, 0, toAdd - added) : Math.Clamp(part, toAdd - added, 0);
                added += part;
                ScaleTo(set, Replicas(set) + part);
            }
        }

        foreach (var set in active)
        {
            _store.Change(set, each =>
            {
                each.Ensure("metadata", "annotations")[Desired] = $"{wanted}";
                each.Ensure("metadata", "annotations")[Most] = $"{wanted + surge}";
            });
        }

        return true;
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
}
