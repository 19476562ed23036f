using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>A type of object the double has.</summary>
/// <param name="CountsGenerations">Whether a change of what is wanted is counted.</param>
internal sealed record ApiType(string Group, string Version, string Kind, string Plural, bool IsNamespaced = true, bool CountsGenerations = false)
{
    public static readonly IReadOnlyList<ApiType> All =
    [
        new("", "v1", "Namespace", "namespaces", IsNamespaced: false),
        new("", "v1", "ConfigMap", "configmaps"),
        new("", "v1", "Secret", "secrets"),
        new("", "v1", "Service", "services"),
        new("", "v1", "ServiceAccount", "serviceaccounts"),
        new("", "v1", "Pod", "pods", CountsGenerations: true),
        new("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
        new("", "v1", "ResourceQuota", "resourcequotas"),
        new("", "v1", "Event", "events"),
        new("apps", "v1", "Deployment", "deployments", CountsGenerations: true),
        new("apps", "v1", "ReplicaSet", "replicasets", CountsGenerations: true),
        new("apps", "v1", "StatefulSet", "statefulsets", CountsGenerations: true),
        new("batch", "v1", "Job", "jobs", CountsGenerations: true),
        new("networking.k8s.io", "v1", "Ingress", "ingresses", CountsGenerations: true),
        new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", CountsGenerations: true),
        new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", CountsGenerations: true),
        new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", CountsGenerations: true),
    ];

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>As messages name it: <c>deployments.apps</c>.</summary>
    public string Resource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>As messages name a kind: <c>Deployment.apps</c>.</summary>
    public string GroupKind => Group.Length == 0 ? Kind : $"{Kind}.{Group}";

    /// <summary>As Go prints it: <c>apps/v1, Kind=Deployment</c>, <c>/v1, Kind=Secret</c>.</summary>
    public string Gvk => $"{Group}/{Version}, Kind={Kind}";

    public static ApiType Of(string plural) => All.First(type => type.Plural == plural);

    public static ApiType? Find(string group, string version, string plural) =>
        All.FirstOrDefault(type => type.Group == group && type.Version == version && type.Plural == plural);
}

/// <summary>Reading JSON without asking whether each part is there.</summary>
internal static class JsonReading
{
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
            node = (node as JsonObject)?[name];
        return node;
    }

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<long>(out var number) ? number : node.At(path) is JsonValue other && other.TryGetValue<int>(out var small) ? small : null;

    public static JsonObject Map(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject ?? [];

    public static IEnumerable<JsonObject> Items(this JsonNode? node, params ReadOnlySpan<string> path) => (node.At(path) as JsonArray ?? []).OfType<JsonObject>();

    /// <summary>The object at a path, made where it is not there.</summary>
    public static JsonObject Ensure(this JsonObject node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (node[name] is not JsonObject next)
                node[name] = next = [];
            node = next;
        }

        return node;
    }

    public static void Default(this JsonObject node, string name, JsonNode? value)
    {
        if (node[name] is null)
            node[name] = value;
    }

    public static bool Same(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    public static string Name(this JsonObject thing) => thing.Text("metadata", "name") ?? "";

    public static string Namespace(this JsonObject thing) => thing.Text("metadata", "namespace") ?? "";

    public static string Uid(this JsonObject thing) => thing.Text("metadata", "uid") ?? "";

    public static bool IsEnding(this JsonObject thing) => thing.Text("metadata", "deletionTimestamp") is not null;
}
