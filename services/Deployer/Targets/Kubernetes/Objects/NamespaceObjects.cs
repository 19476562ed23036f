using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Paas.Docker;

namespace Paas.Deployer.Targets.Kubernetes.Objects;

/// <summary>What is in an app's namespace before anything runs there, whatever the release: its walls.</summary>
internal static class NamespaceObjects
{
    public const string PullSecretName = "registry";

    /// <summary>Pod Security's strictest level: what an app's pods must not ask for, the cluster refuses.</summary>
    private const string PodSecurity = "restricted";

    // Where no app has anything to look for unless the operator says so: the cluster's and the provider's own networks.
    private static readonly string[] PrivateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"];
    private static readonly string[] PrivateNetworks6 = ["fc00::/7", "fe80::/10", "::1/128"];

    /// <summary>Where a cache of each node answers for the cluster's DNS, if there is one: the same address everywhere.</summary>
    private const string NodeLocalDns = "169.254.20.10/32";

    public static JsonObject Namespace(AppNamespace app)
    {
        var labels = app.Labels();
        labels["pod-security.kubernetes.io/enforce"] = PodSecurity;
        return new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject { ["name"] = app.Name, ["labels"] = labels },
        };
    }

    public static JsonObject Quota(AppNamespace app, KubernetesTargetOptions options, DeployerOptions limits)
    {
        var quota = app.Object("v1", "ResourceQuota", "app");
        quota["spec"] = new JsonObject
        {
            ["hard"] = new JsonObject
            {
                ["pods"] = Text(options.MaxPods),
                ["limits.memory"] = $"{Math.Max(limits.AppMemory, limits.AddOnMemory) * (long)options.MaxPods}Mi",
                ["persistentvolumeclaims"] = Text(options.MaxVolumes),
                // An app gets its one way in from the platform; most load balancers take a port of the nodes as well.
                ["services.nodeports"] = options.Exposure == Exposure.Ingress ? "0" : "1",
                ["services.loadbalancers"] = options.Exposure == Exposure.LoadBalancer ? "1" : "0",
            },
        };
        return quota;
    }

    /// <summary>Nothing gets in or out, but what the others allow.</summary>
    public static JsonObject DenyAll(AppNamespace app) => Policy(app, "default-deny", new JsonObject(), null, null, "Ingress", "Egress");

    /// <summary>Within the app everything may talk to everything, and ask the cluster's DNS for names.</summary>
    public static JsonObject AllowWithin(AppNamespace app, KubernetesTargetOptions options) => Policy(
        app, "within-app", new JsonObject(),
        [new JsonObject { ["from"] = new JsonArray(new JsonObject { ["podSelector"] = new JsonObject() }) }],
        [
            new JsonObject { ["to"] = new JsonArray(new JsonObject { ["podSelector"] = new JsonObject() }) },
            new JsonObject { ["to"] = new JsonArray(Dns(options), Block(NodeLocalDns, [])), ["ports"] = new JsonArray(Port("UDP", 53), Port("TCP", 53)) },
        ],
        "Ingress", "Egress");

    /// <summary>Requests to web, from the ingress controller if it is known where that runs.</summary>
    public static JsonObject AllowRequests(AppNamespace app, KubernetesTargetOptions options)
    {
        var rule = new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["protocol"] = "TCP", ["port"] = PodTemplates.PortName }) };
        if (options is { Exposure: Exposure.Ingress, IngressNamespace: { } from })
            rule["from"] = new JsonArray(new JsonObject { ["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["kubernetes.io/metadata.name"] = from } } });
        return Policy(app, "requests", new JsonObject { ["matchLabels"] = app.Selector(Contracts.ProcessType.Web) }, [rule], null, "Ingress");
    }

    /// <summary>The internet, for the app's own processes; add-ons have nothing to look for there.</summary>
    public static JsonObject AllowInternet(AppNamespace app, KubernetesTargetOptions options)
    {
        var rule = new JsonObject
        {
            ["to"] = new JsonArray(Block("0.0.0.0/0", options.AllowPrivateNetworks ? [] : PrivateNetworks), Block("::/0", options.AllowPrivateNetworks ? [] : PrivateNetworks6)),
        };
        var processes = new JsonObject
        {
            ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = AddOnObjects.AddOnLabel, ["operator"] = "DoesNotExist" }),
        };
        return Policy(app, "internet", processes, null, [rule], "Egress");
    }

    /// <summary>With what the nodes fetch the app's image; null for a registry that lets everybody in.</summary>
    public static JsonObject? PullSecret(AppNamespace app, RegistryOptions registry)
    {
        if (registry is not { Prefix: { } prefix, PullLogin: var (user, password) })
            return null;
        var secret = app.Object("v1", "Secret", PullSecretName);
        secret["type"] = "kubernetes.io/dockerconfigjson";
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        var config = JsonSerializer.SerializeToUtf8Bytes(new { auths = new Dictionary<string, object> { [prefix.Split('/')[0]] = new { auth = login } } });
        // Never stringData: what is left out of it later would stay.
        secret["data"] = new JsonObject { [".dockerconfigjson"] = Convert.ToBase64String(config) };
        return secret;
    }

    private static JsonObject Policy(AppNamespace app, string name, JsonObject pods, JsonArray? ingress, JsonArray? egress, params string[] types)
    {
        var policy = app.Object("networking.k8s.io/v1", "NetworkPolicy", name);
        var spec = new JsonObject { ["podSelector"] = pods, ["policyTypes"] = new JsonArray([.. types.Select(type => JsonValue.Create(type))]) };
        if (ingress is not null)
            spec["ingress"] = ingress;
        if (egress is not null)
            spec["egress"] = egress;
        policy["spec"] = spec;
        return policy;
    }

    private static JsonObject Dns(KubernetesTargetOptions options)
    {
        var label = options.DnsPods.Split('=', 2);
        return new()
        {
            ["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["kubernetes.io/metadata.name"] = options.DnsNamespace } },
            ["podSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { [label[0]] = label[1] } },
        };
    }

    private static JsonObject Block(string network, string[] except)
    {
        var block = new JsonObject { ["cidr"] = network };
        if (except.Length > 0)
            block["except"] = new JsonArray([.. except.Select(inner => JsonValue.Create(inner))]);
        return new() { ["ipBlock"] = block };
    }

    private static JsonObject Port(string protocol, int port) => new() { ["protocol"] = protocol, ["port"] = port };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
