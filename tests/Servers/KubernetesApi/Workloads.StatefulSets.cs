using System.Globalization;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <content>Stateful sets.</content>
internal sealed partial class Workloads
{
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

        // One that is not ready holds up an update, even if it is the one that the update is for.
        foreach (var (name, pod) in pods.OrderByDescending(each => each.Key, StringComparer.Ordinal))
        {
            var isSurplus = int.Parse(name[(name.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture) >= wanted;
            var isOld = pod.Thing.Text("metadata", "labels", "controller-revision-hash") != revision;
            if ((isSurplus || isOld) && !pod.Thing.IsEnding() && (isSurplus || pods.Values.All(each => IsReady(each.Thing))))
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
        maker.TryCreate(set, name, null, template);
    }
}
