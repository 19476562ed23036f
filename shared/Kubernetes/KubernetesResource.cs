namespace Paas.Kubernetes;

/// <summary>A type of object the API has, and where it is found.</summary>
/// <param name="Group">Such as <c>apps</c>; empty for the core group.</param>
/// <param name="Version">Such as <c>v1</c>.</param>
/// <param name="Kind">As objects name it: <c>Deployment</c>.</param>
/// <param name="Plural">As paths name it: <c>deployments</c>.</param>
/// <param name="IsNamespaced">Whether its objects are in namespaces.</param>
public sealed record KubernetesResource(string Group, string Version, string Kind, string Plural, bool IsNamespaced = true)
{
    /// <summary>Namespaces.</summary>
    public static readonly KubernetesResource Namespaces = new("", "v1", "Namespace", "namespaces", IsNamespaced: false);

    /// <summary>Secrets.</summary>
    public static readonly KubernetesResource Secrets = new("", "v1", "Secret", "secrets");

    /// <summary>Config maps.</summary>
    public static readonly KubernetesResource ConfigMaps = new("", "v1", "ConfigMap", "configmaps");

    /// <summary>Services.</summary>
    public static readonly KubernetesResource Services = new("", "v1", "Service", "services");

    /// <summary>Service accounts.</summary>
    public static readonly KubernetesResource ServiceAccounts = new("", "v1", "ServiceAccount", "serviceaccounts");

    /// <summary>Pods.</summary>
    public static readonly KubernetesResource Pods = new("", "v1", "Pod", "pods");

    /// <summary>Claims of volumes.</summary>
    public static readonly KubernetesResource PersistentVolumeClaims = new("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims");

    /// <summary>What a namespace may use.</summary>
    public static readonly KubernetesResource ResourceQuotas = new("", "v1", "ResourceQuota", "resourcequotas");

    /// <summary>Events: what the cluster tells about its objects.</summary>
    public static readonly KubernetesResource Events = new("", "v1", "Event", "events");

    /// <summary>Kubernetes Deployments.</summary>
    public static readonly KubernetesResource Deployments = new("apps", "v1", "Deployment", "deployments");

    /// <summary>Replica sets.</summary>
    public static readonly KubernetesResource ReplicaSets = new("apps", "v1", "ReplicaSet", "replicasets");

    /// <summary>Stateful sets.</summary>
    public static readonly KubernetesResource StatefulSets = new("apps", "v1", "StatefulSet", "statefulsets");

    /// <summary>Jobs.</summary>
    public static readonly KubernetesResource Jobs = new("batch", "v1", "Job", "jobs");

    /// <summary>Ingresses.</summary>
    public static readonly KubernetesResource Ingresses = new("networking.k8s.io", "v1", "Ingress", "ingresses");

    /// <summary>Network policies.</summary>
    public static readonly KubernetesResource NetworkPolicies = new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies");

    /// <summary>Pod disruption budgets.</summary>
    public static readonly KubernetesResource PodDisruptionBudgets = new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");

    /// <summary>Which pods are behind a service.</summary>
    public static readonly KubernetesResource EndpointSlices = new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices");

    /// <summary>All of the above.</summary>
    public static readonly IReadOnlyList<KubernetesResource> All =
    [
        Namespaces, Secrets, ConfigMaps, Services, ServiceAccounts, Pods, PersistentVolumeClaims, ResourceQuotas, Events,
        Deployments, ReplicaSets, StatefulSets, Jobs, Ingresses, NetworkPolicies, PodDisruptionBudgets, EndpointSlices,
    ];

    /// <summary>As objects name it: <c>apps/v1</c>, <c>v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The type of an object, by what it says of itself.</summary>
    /// <exception cref="ArgumentException">It is none of <see cref="All"/>.</exception>
    public static KubernetesResource Of(KubernetesObject thing)
    {
        ArgumentNullException.ThrowIfNull(thing);
        return All.FirstOrDefault(type => type.ApiVersion == thing.ApiVersion && type.Kind == thing.Kind)
            ?? throw new ArgumentException(KubernetesTexts.UnknownKind(thing.ApiVersion, thing.Kind), nameof(thing));
    }

    /// <summary>The path of all its objects in a namespace, or in all of them.</summary>
    internal string Path(string? @namespace)
    {
        var root = Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
        return IsNamespaced && @namespace is not null ? $"{root}/namespaces/{Escape(@namespace)}/{Plural}" : $"{root}/{Plural}";
    }

    /// <summary>The path of one object, or of a part of it such as <c>log</c>.</summary>
    internal string Path(string? @namespace, string name, string? part = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (IsNamespaced)
            ArgumentException.ThrowIfNullOrEmpty(@namespace);
        return $"{Path(@namespace)}/{Escape(name)}{(part is null ? "" : $"/{part}")}";
    }

    // '.' and '..' would be taken for folders of the path.
    private static string Escape(string name) =>
        name.Trim('.').Length == 0 ? throw new ArgumentException(KubernetesTexts.NoName(name), nameof(name)) : Uri.EscapeDataString(name);
}
