using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>The controllers of services, claims and quotas.</summary>
internal sealed class Services(Cluster cluster)
{
    private static readonly ApiType Slices = ApiType.Of("endpointslices");
    private readonly ApiStore _store = cluster.Store;

    public void Run()
    {
        foreach (var service in _store.All(ApiType.Of("services")).Where(each => !each.Thing.IsEnding()))
            RunService(service);
        if (cluster.BindsVolumes)
        {
            foreach (var claim in _store.All(ApiType.Of("persistentvolumeclaims")).Where(each => each.Thing.Text("status", "phase") == "Pending" && !each.Thing.IsEnding()))
                Bind(claim);
        }

        foreach (var quota in _store.All(ApiType.Of("resourcequotas")))
        {
            _store.Change(quota, thing => thing["status"] = new JsonObject
            {
                ["hard"] = thing.At("spec", "hard")?.DeepClone(),
                ["used"] = new JsonObject(thing.Map("spec", "hard").Select(each =>
                    KeyValuePair.Create(each.Key, (JsonNode?)Quantity.Write(each.Key, Admission.Used(_store, thing.Namespace(), each.Key))))),
            }, status: true);
        }
    }

    private void RunService(Stored service)
    {
        var thing = service.Thing;
        if (thing.Text("spec", "type") == "LoadBalancer" && cluster.LoadBalancerAddress is { } address)
        {
            var where = System.Net.IPAddress.TryParse(address, out _) ? new JsonObject { ["ip"] = address, ["ipMode"] = "VIP" } : new JsonObject { ["hostname"] = address };
            _store.Change(service, each => each.Ensure("status", "loadBalancer")["ingress"] = new JsonArray(where), status: true);
        }

        if (thing.At("spec", "selector") is not JsonObject selector)
            return;
        var pods = _store.All(ApiType.Of("pods"), thing.Namespace())
            .Where(pod => pod.Thing.Text("status", "podIP") is not null && selector.All(label => pod.Thing.Text("metadata", "labels", label.Key) == label.Value.Text())).ToList();
        var endpoints = new JsonArray([.. pods.Select(pod => (JsonNode)new JsonObject
        {
            ["addresses"] = new JsonArray(pod.Thing.Text("status", "podIP")),
            ["conditions"] = new JsonObject { ["ready"] = Workloads.IsReady(pod.Thing), ["serving"] = Workloads.IsReady(pod.Thing), ["terminating"] = pod.Thing.IsEnding() },
            ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = pod.Thing.Namespace(), ["name"] = pod.Thing.Name(), ["uid"] = pod.Thing.Uid() },
            ["nodeName"] = "localhost",
        })]);
        var ports = new JsonArray([.. thing.Items("spec", "ports").Select(port =>
        {
            var shown = new JsonObject { ["name"] = port.Text("name") ?? "", ["protocol"] = port.Text("protocol") };
            if (Target(port["targetPort"], pods) is { } number)
                shown["port"] = number;
            return (JsonNode)shown;
        })]);
        var slice = _store.All(Slices, thing.Namespace()).FirstOrDefault(each => each.Thing.Text("metadata", "labels", "kubernetes.io/service-name") == thing.Name());
        if (slice is null)
        {
            var made = Workloads.Child(Slices, $"{thing.Name()}-{Names.Random()}", service, new JsonObject
            {
                ["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io",
                ["kubernetes.io/service-name"] = thing.Name(),
            });
            made.Ensure("metadata")["generateName"] = $"{thing.Name()}-";
            (made["addressType"], made["endpoints"], made["ports"]) = ("IPv4", endpoints, ports);
            cluster.Writer.Create(Slices, thing.Namespace(), made, new("kube-controller-manager", false, false));
            return;
        }

        if (JsonReading.Same(slice.Thing["endpoints"], endpoints) && JsonReading.Same(slice.Thing["ports"], ports))
            return;
        _store.Change(slice, each =>
        {
            (each["endpoints"], each["ports"]) = (endpoints, ports);
            each.Ensure("metadata", "annotations")["endpoints.kubernetes.io/last-change-trigger-time"] = ApiStore.Now;
        });
    }

    private static long? Target(JsonNode? port, List<Stored> pods) => port.Number() ?? pods.SelectMany(pod => pod.Thing.Items("spec", "containers"))
        .SelectMany(container => container.Items("ports")).FirstOrDefault(each => each.Text("name") == port.Text()).Number("containerPort");

    private void Bind(Stored claim) => _store.Change(claim, thing =>
    {
        var annotations = thing.Ensure("metadata", "annotations");
        annotations["pv.kubernetes.io/bind-completed"] = "yes";
        annotations["pv.kubernetes.io/bound-by-controller"] = "yes";
        annotations["volume.beta.kubernetes.io/storage-provisioner"] = "kubernetes.io/host-path";
        annotations["volume.kubernetes.io/storage-provisioner"] = "kubernetes.io/host-path";
        thing.Ensure("spec")["volumeName"] = $"pvc-{thing.Uid()}";
        thing["status"] = new JsonObject
        {
            ["phase"] = "Bound",
            ["accessModes"] = thing.At("spec", "accessModes")?.DeepClone(),
            ["capacity"] = new JsonObject { ["storage"] = thing.At("spec", "resources", "requests", "storage")?.DeepClone() },
        };
    }, status: true);
}
