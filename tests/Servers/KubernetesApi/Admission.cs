using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>What keeps an object out although it is right: its namespace, a quota, Pod Security.</summary>
internal static class Admission
{
    private static readonly ApiType Namespaces = ApiType.Of("namespaces");

    /// <summary>Before an object is made.</summary>
    public static void Create(ApiStore store, JsonObject thing, ApiType type)
    {
        if (!type.IsNamespaced)
            return;
        var name = thing.Namespace();
        var within = store.Find(Namespaces, null, name) ?? throw ApiError.NotFound(Namespaces, name);
        if (within.Thing.IsEnding())
        {
            throw ApiError.Forbidden(type, thing.Name(), $"unable to create new content in namespace {name} because it is being terminated",
                ApiError.Cause("NamespaceTerminating", $"namespace {name} is being terminated", "metadata.namespace"));
        }

        if (type.Kind == "Pod" && Level(within.Thing, "enforce") == "restricted" && Violations(thing.Map("spec")) is { Length: > 0 } violations)
            throw ApiError.Forbidden(type, thing.Name(), $"violates PodSecurity \"restricted:latest\": {violations}");
        foreach (var quota in store.All(ApiType.Of("resourcequotas"), name))
            CheckQuota(store, quota.Thing, thing, type);
    }

    /// <summary>What the API remarks about an object it takes.</summary>
    public static IReadOnlyList<string> Warn(ApiStore store, JsonObject thing, ApiType type)
    {
        if (type.Kind is not ("Deployment" or "StatefulSet" or "Job" or "ReplicaSet") || store.Find(Namespaces, null, thing.Namespace()) is not { } within)
            return [];
        return Level(within.Thing, "warn") == "restricted" && Violations(thing.Map("spec", "template", "spec")) is { Length: > 0 } violations
            ? [$"would violate PodSecurity \"restricted:latest\": {violations}"]
            : [];
    }

    /// <summary>What a namespace uses of what a quota limits.</summary>
    public static decimal Used(ApiStore store, string @namespace, string resource)
    {
        if (resource.StartsWith("count/", StringComparison.Ordinal))
        {
            var counted = resource["count/".Length..];
            return ApiType.All.FirstOrDefault(type => type.Resource == counted) is { } type ? store.All(type, @namespace).Count() : 0;
        }

        if (resource is "persistentvolumeclaims" or "services" or "configmaps" or "secrets")
            return store.All(ApiType.Of(resource), @namespace).Count();
        return store.All(ApiType.Of("pods"), @namespace).Where(pod => pod.Thing.Text("status", "phase") is not ("Succeeded" or "Failed")).Sum(pod => Asked(pod.Thing, resource));
    }

    private static decimal Asked(JsonObject thing, string resource)
    {
        if (resource == "pods")
            return 1;
        var parts = resource.Split('.', 2);
        var (kind, name) = parts.Length == 2 && parts[0] is "requests" or "limits" ? (parts[0], parts[1]) : ("requests", resource);
        return thing.Items("spec", "containers").Sum(container => Quantity.Read(container.At("resources", kind, name)));
    }

    private static void CheckQuota(ApiStore store, JsonObject quota, JsonObject thing, ApiType type)
    {
        foreach (var (resource, hard) in quota.Map("spec", "hard").OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var isCounted = resource == $"count/{type.Resource}" || (resource == type.Plural && type.Kind != "Pod");
            var asked = isCounted ? 1 : type.Kind == "Pod" && !resource.StartsWith("count/", StringComparison.Ordinal) && resource is not ("persistentvolumeclaims" or "services" or "configmaps" or "secrets")
                ? Asked(thing, resource) : 0;
            if (asked == 0)
            {
                if (type.Kind == "Pod" && resource.Contains('.') && !resource.Contains('/'))
                    throw ApiError.Forbidden(type, thing.Name(), $"failed quota: {quota.Name()}: must specify {resource} for: {string.Join(',', thing.Items("spec", "containers").Select(container => container.Text("name")))}");
                continue;
            }

            var used = Used(store, thing.Namespace(), resource);
            if (used + asked > Quantity.Read(hard))
            {
                throw ApiError.Forbidden(type, thing.Name(),
                    $"exceeded quota: {quota.Name()}, requested: {resource}={Quantity.Write(resource, asked)}, used: {resource}={Quantity.Write(resource, used)}, limited: {resource}={hard}");
            }
        }
    }

    private static string? Level(JsonObject within, string mode) => within.Text("metadata", "labels", $"pod-security.kubernetes.io/{mode}");

    private static string Violations(JsonObject spec)
    {
        var found = new List<string>();
        var containers = spec.Items("containers").ToList();
        void Each(string what, Func<JsonObject, bool> isRight, string must, bool orPod)
        {
            var wrong = containers.Where(container => !isRight(container)).Select(container => $"\"{container.Text("name")}\"").ToList();
            if (wrong.Count > 0)
                found.Add($"{what} ({(orPod ? "pod or " : "")}container{(wrong.Count > 1 ? "s" : "")} {string.Join(", ", wrong)} must set {must})");
        }

        Each("allowPrivilegeEscalation != false", container => container.At("securityContext", "allowPrivilegeEscalation")?.ToString() == "false",
            "securityContext.allowPrivilegeEscalation=false", orPod: false);
        Each("unrestricted capabilities", container => container.At("securityContext", "capabilities", "drop") is JsonArray drop && drop.Any(name => name.Text() == "ALL"),
            "securityContext.capabilities.drop=[\"ALL\"]", orPod: false);
        Each("runAsNonRoot != true", container => (container.At("securityContext", "runAsNonRoot") ?? spec.At("securityContext", "runAsNonRoot"))?.ToString() == "true",
            "securityContext.runAsNonRoot=true", orPod: true);
        Each("seccompProfile", container => (container.Text("securityContext", "seccompProfile", "type") ?? spec.Text("securityContext", "seccompProfile", "type")) is "RuntimeDefault" or "Localhost",
            "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"", orPod: true);
        return string.Join(", ", found);
    }
}
