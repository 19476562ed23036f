using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>Makes the pods of controllers. One that is refused is told in an event about its owner, and tried again after a while.</summary>
internal sealed class PodMaker(Cluster cluster)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly ApiType Pods = ApiType.Of("pods");
    private readonly Dictionary<string, (long Since, string Why)> _refused = [];

    /// <param name="owner">Whose it is to be.</param>
    /// <param name="name">Its name.</param>
    /// <param name="prefix">What its name was made up from; null for a name that is no matter of chance.</param>
    /// <param name="template">What it is made of.</param>
    /// <returns>Why it can't be made; null if it was.</returns>
    public string? TryCreate(Stored owner, string name, string? prefix, JsonObject template)
    {
        var uid = owner.Thing.Uid();
        if (_refused.TryGetValue(uid, out var refused) && TimeProvider.System.GetElapsedTime(refused.Since) < Pause)
            return refused.Why;
        var pod = Workloads.Child(Pods, name, owner, template.At("metadata", "labels"));
        if (prefix is not null)
            pod.Ensure("metadata")["generateName"] = prefix;
        if (template.At("metadata", "annotations") is { } annotations)
            pod.Ensure("metadata")["annotations"] = annotations.DeepClone();
        pod["spec"] = template["spec"]!.DeepClone();
        try
        {
            if (cluster.RefusesPod?.Invoke(pod) is { } words)
                throw ApiError.Forbidden(Pods, name, words);
            cluster.Writer.Create(Pods, owner.Thing.Namespace(), pod, new("kube-controller-manager", false, false));
            _refused.Remove(uid);
            return null;
        }
        catch (ApiError error)
        {
            var why = error.Status.Text("message") ?? "";
            _refused[uid] = (TimeProvider.System.GetTimestamp(), why);
            var said = owner.Type.Kind == "StatefulSet" ? $"create Pod {name} in StatefulSet {owner.Thing.Name()} failed error: {why}" : $"Error creating: {why}";
            cluster.Events.OfController(owner, $"{owner.Type.Kind.ToLowerInvariant()}-controller", "FailedCreate", said);
            return why;
        }
    }
}
