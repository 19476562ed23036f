using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>How apps are laid out in the cluster. Section <c>Kubernetes</c>, which also says how the cluster is reached.</summary>
public sealed class KubernetesTargetOptions : IValidatableObject
{
    public const string Section = "Kubernetes";

    private const string Quantity = @"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$";

    /// <summary>How an app is reached from outside the cluster: <c>Ingress</c>, <c>LoadBalancer</c> or <c>NodePort</c>.</summary>
    public Exposure Exposure { get; set; } = Exposure.Ingress;

    /// <summary>The class of the ingresses; null for the cluster's default.</summary>
    [RegularExpression("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", ErrorMessage = "Kubernetes__IngressClass has to be the name of an IngressClass, such as nginx.")]
    public string? IngressClass { get; set; }

    /// <summary>
    /// A secret of type <c>kubernetes.io/tls</c> for the apps' host names, in each app's namespace; URLs are https then. Null for http.
    /// </summary>
    [RegularExpression("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", ErrorMessage = "Kubernetes__TlsSecret has to be the name of a Secret.")]
    public string? TlsSecret { get; set; }

    /// <summary>Annotations of every ingress, such as those of an issuer of certificates.</summary>
    public Dictionary<string, string> IngressAnnotations { get; } = [];

    /// <summary>The namespace the ingress controller runs in: web processes then take requests from there and from their own app only.</summary>
    [RegularExpression("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", ErrorMessage = "Kubernetes__IngressNamespace has to be the name of a namespace, such as ingress-nginx.")]
    public string? IngressNamespace { get; set; }

    /// <summary>Where the ingress controller is asked for the apps' host names, such as <c>http://ingress-nginx-controller.ingress-nginx</c>; null for the names themselves.</summary>
    public Uri? IngressAddress { get; set; }

    /// <summary>The port of the apps' URLs behind an ingress; null for that of the scheme.</summary>
    [Range(1, 65535, ErrorMessage = "Kubernetes__IngressPort has to be a port, from 1 to 65535.")]
    public int? IngressPort { get; set; }

    /// <summary>With <see cref="Exposure.NodePort"/>: the name or address of a node, or of what stands in front of them.</summary>
    [RegularExpression("^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$", ErrorMessage = "Kubernetes__NodeAddress has to be a host name or an address.")]
    public string? NodeAddress { get; set; }

    /// <summary>How long a load balancer may take to get its address.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "Kubernetes__LoadBalancerTimeout has to be a duration such as 00:02:00.")]
    public TimeSpan LoadBalancerTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether apps may open connections into private networks, such as the one the cluster itself is in.</summary>
    public bool AllowPrivateNetworks { get; set; }

    /// <summary>An instance counts when it has been ready for this many seconds: one that crashes at once never does.</summary>
    [Range(1, 600, ErrorMessage = "Kubernetes__MinReadySeconds has to be a number of seconds, from 1 to 600.")]
    public int MinReadySeconds { get; set; } = 3;

    /// <summary>How long a rollout waits for what may pass by itself, such as a registry that is away or a cluster without room.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00", ErrorMessage = "Kubernetes__Patience has to be a duration such as 00:01:00.")]
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an instance that is to end still takes requests, until every proxy has heard of it.</summary>
    [Range(0, 300, ErrorMessage = "Kubernetes__PreStopSeconds has to be a number of seconds, from 0 to 300.")]
    public int PreStopSeconds { get; set; } = 5;

    /// <summary>What an instance is sure to get of a processor; its limit is <c>Deployer__AppCpus</c>.</summary>
    [RegularExpression(Quantity, ErrorMessage = "Kubernetes__CpuRequest has to be a quantity such as 50m.")]
    public string CpuRequest { get; set; } = "50m";

    /// <summary>What an instance is sure to get of memory, in MiB; its limit is <c>Deployer__AppMemory</c>, or <c>AddOnMemory</c>.</summary>
    [Range(1, int.MaxValue, ErrorMessage = "Kubernetes__MemoryRequest has to be a number of MiB.")]
    public int MemoryRequest { get; set; } = 128;

    /// <summary>What an instance may write to the node's disk: its own layer, temporary files and its log. More than that, and the node ends it.</summary>
    [RegularExpression(Quantity, ErrorMessage = "Kubernetes__EphemeralStorage has to be a quantity such as 2Gi.")]
    public string EphemeralStorage { get; set; } = "2Gi";

    /// <summary>The namespace the cluster's DNS runs in: apps ask for names there, and nowhere else within private networks.</summary>
    [RegularExpression("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", ErrorMessage = "Kubernetes__DnsNamespace has to be the name of a namespace, such as kube-system.")]
    public string DnsNamespace { get; set; } = "kube-system";

    /// <summary>The label of the DNS's pods.</summary>
    [RegularExpression("^[A-Za-z0-9./_-]+=[A-Za-z0-9._-]+$", ErrorMessage = "Kubernetes__DnsPods has to be a label, such as k8s-app=kube-dns.")]
    public string DnsPods { get; set; } = "k8s-app=kube-dns";

    /// <summary>The class of the volumes; null for the cluster's default.</summary>
    [RegularExpression("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", ErrorMessage = "Kubernetes__StorageClass has to be the name of a StorageClass.")]
    public string? StorageClass { get; set; }

    /// <summary>The size of an add-on's volume.</summary>
    [RegularExpression(Quantity, ErrorMessage = "Kubernetes__StorageSize has to be a quantity such as 5Gi.")]
    public string StorageSize { get; set; } = "5Gi";

    /// <summary>How many pods an app may have at a time, those of a rollout included.</summary>
    [Range(2, 10_000, ErrorMessage = "Kubernetes__MaxPods has to be a number of pods, at least 2.")]
    public int MaxPods { get; set; } = 50;

    /// <summary>How many volumes an app may have.</summary>
    [Range(0, 1_000, ErrorMessage = "Kubernetes__MaxVolumes has to be a number of volumes.")]
    public int MaxVolumes { get; set; } = 10;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Exposure == Exposure.NodePort && NodeAddress is null)
            yield return new("Set Kubernetes__NodeAddress to the name or address at which the nodes are reached, since apps are exposed at ports of theirs.");
    }
}

/// <summary>How an app is reached from outside the cluster.</summary>
public enum Exposure
{
    /// <summary>By its host name, through an ingress controller.</summary>
    Ingress,

    /// <summary>At an address of its own, which the cluster's provider gives.</summary>
    LoadBalancer,

    /// <summary>At a port of every node.</summary>
    NodePort,
}

[OptionsValidator]
public sealed partial class KubernetesTargetOptionsValidator : IValidateOptions<KubernetesTargetOptions>;
