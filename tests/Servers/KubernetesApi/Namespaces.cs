using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>What every namespace has, the end of namespaces, and of what belongs to something that is gone.</summary>
internal sealed class Namespaces(Cluster cluster, ApiCertificates certificates)
{
    private static readonly ApiType Type = ApiType.Of("namespaces");
    private readonly ApiStore _store = cluster.Store;

    public void Run()
    {
        foreach (var within in _store.All(Type))
        {
            if (within.Thing.IsEnding())
                End(within);
            else
                Furnish(within.Thing.Name());
        }

        CollectGarbage();
    }

    private void Furnish(string name)
    {
        if (_store.Find(ApiType.Of("configmaps"), name, "kube-root-ca.crt") is null)
        {
            cluster.Writer.Create(ApiType.Of("configmaps"), name, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "kube-root-ca.crt" },
                ["data"] = new JsonObject { ["ca.crt"] = certificates.AuthorityPem },
            }, new("kube-controller-manager", false, false));
        }

        if (_store.Find(ApiType.Of("serviceaccounts"), name, "default") is null)
            cluster.Writer.Create(ApiType.Of("serviceaccounts"), name, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, new("kube-controller-manager", false, false));
    }

    private void End(Stored within)
    {
        var name = within.Thing.Name();
        foreach (var thing in _store.Within(name))
        {
            if (!thing.Thing.IsEnding())
                cluster.Writer.Delete(thing, new JsonObject { ["gracePeriodSeconds"] = 0 }, "Background");
        }

        var left = _store.Within(name).ToList();
        if (left.Count == 0)
        {
            if (within.Thing.Items("status", "conditions").Any())
                Tell(within, false, "ContentRemoved", "All content successfully removed", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
            _store.Remove(within);
            return;
        }

        var held = left.SelectMany(each => (each.Thing.At("metadata", "finalizers") as JsonArray ?? []).Select(finalizer => finalizer.Text()!)).GroupBy(each => each);
        Tell(within, true, "SomeResourcesRemain",
            $"Some resources are remaining: {string.Join(", ", left.GroupBy(each => each.Type.Resource).Select(group => $"{group.Key}. has {group.Count()} resource instances"))}",
            true, "SomeFinalizersRemain",
            $"Some content in the namespace has finalizers remaining: {string.Join(", ", held.Select(group => $"{group.Key} in {group.Count()} resource instances"))}");
    }

    private void Tell(Stored within, bool contentRemains, string contentReason, string content, bool finalizersRemain, string finalizersReason, string finalizers) => _store.Change(within, thing =>
    {
        var conditions = new JsonArray();
        void Add(string type, bool isTrue, string reason, string message) => conditions.Add(new JsonObject
        {
            ["type"] = type,
            ["status"] = isTrue ? "True" : "False",
            ["lastTransitionTime"] = thing.Items("status", "conditions").FirstOrDefault(each => each.Text("type") == type).Text("lastTransitionTime") ?? ApiStore.Now,
            ["reason"] = reason,
            ["message"] = message,
        });
        Add("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
        Add("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        Add("NamespaceDeletionContentFailure", false, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
        Add("NamespaceContentRemaining", contentRemains, contentReason, content);
        Add("NamespaceFinalizersRemaining", finalizersRemain, finalizersReason, finalizers);
        thing.Ensure("status")["conditions"] = conditions;
    }, status: true);

    private void CollectGarbage()
    {
        var all = _store.Everything().ToList();
        var there = all.Select(each => each.Thing.Uid()).ToHashSet();
        foreach (var thing in all)
        {
            var finalizers = thing.Thing.At("metadata", "finalizers") as JsonArray ?? [];
            var dependents = all.Where(each => each.Thing.Items("metadata", "ownerReferences").Any(owner => owner.Text("uid") == thing.Thing.Uid())).ToList();
            if (thing.Thing.IsEnding() && finalizers.Any(each => each.Text() == "orphan"))
            {
                foreach (var dependent in dependents)
                    _store.Change(dependent, each => each.Ensure("metadata").Remove("ownerReferences"));
                Release(thing, "orphan");
            }
            else if (thing.Thing.IsEnding() && finalizers.Any(each => each.Text() == "foregroundDeletion"))
            {
                foreach (var dependent in dependents.Where(each => !each.Thing.IsEnding()))
                    cluster.Writer.Delete(dependent, null, dependent.Type.Kind == "Pod" ? "Background" : "Foreground");
                if (dependents.Count == 0)
                    Release(thing, "foregroundDeletion");
            }
            else if (!thing.Thing.IsEnding() && thing.Thing.Items("metadata", "ownerReferences").ToList() is { Count: > 0 } owners && owners.All(owner => !there.Contains(owner.Text("uid") ?? "")))
            {
                cluster.Writer.Delete(thing, null, "Background");
            }
            else if (thing.Type.Kind == "PersistentVolumeClaim" && thing.Thing.IsEnding()
                && !all.Any(pod => pod.Type.Kind == "Pod" && pod.Thing.Namespace() == thing.Thing.Namespace() && pod.Thing.Items("spec", "volumes").Any(volume => volume.Text("persistentVolumeClaim", "claimName") == thing.Thing.Name())))
            {
                Release(thing, "kubernetes.io/pvc-protection");
            }
        }
    }

    private void Release(Stored stored, string finalizer)
    {
        var finalizers = ((JsonArray)stored.Thing.At("metadata", "finalizers")!).Where(each => each.Text() != finalizer).Select(each => each!.DeepClone()).ToArray();
        if (finalizers.Length == 0)
            _store.Remove(stored);
        else
            _store.Change(stored, thing => thing.Ensure("metadata")["finalizers"] = new JsonArray(finalizers));
    }
}
