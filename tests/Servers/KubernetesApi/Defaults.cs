using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>What the API fills in.</summary>
internal static class Defaults
{
    private static int _address = 1;

    public static void Fill(JsonObject thing, ApiType type)
    {
        var spec = thing["spec"] as JsonObject;
        switch (type.Kind)
        {
            case "Namespace":
                thing.Ensure("metadata", "labels")["kubernetes.io/metadata.name"] = thing.Name();
                thing.Ensure("spec").Default("finalizers", new JsonArray("kubernetes"));
                thing.Ensure("status").Default("phase", "Active");
                break;
            case "Secret":
                foreach (var (name, value) in thing.Map("stringData"))
                    thing.Ensure("data")[name] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(value.Text() ?? ""));
                thing.Remove("stringData");
                thing.Default("type", "Opaque");
                break;
            case "Service":
                Service(thing);
                break;
            case "PersistentVolumeClaim":
                thing.Ensure("metadata").Default("finalizers", new JsonArray("kubernetes.io/pvc-protection"));
                thing.Ensure("spec").Default("storageClassName", "standard");
                Claim(thing);
                thing.Ensure("status").Default("phase", "Pending");
                break;
            case "Deployment":
                spec = thing.Ensure("spec");
                spec.Default("replicas", 1);
                spec.Default("revisionHistoryLimit", 10);
                spec.Default("progressDeadlineSeconds", 600);
                DropZero(spec, "minReadySeconds");
                var strategy = spec.Ensure("strategy");
                strategy.Default("type", "RollingUpdate");
                if (strategy.Text("type") == "RollingUpdate")
                {
                    strategy.Ensure("rollingUpdate").Default("maxUnavailable", "25%");
                    strategy.Ensure("rollingUpdate").Default("maxSurge", "25%");
                }

                Template(spec.Ensure("template"), "Always");
                thing.Ensure("status");
                break;
            case "ReplicaSet":
                thing.Ensure("spec").Default("replicas", 1);
                Template(thing.Ensure("spec", "template"), "Always");
                thing.Ensure("status").Default("replicas", 0);
                break;
            case "StatefulSet":
                StatefulSet(thing);
                break;
            case "Job":
                Job(thing);
                break;
            case "Pod":
                Pod(thing.Ensure("spec"), "Always");
                spec = thing.Ensure("spec");
                spec.Default("serviceAccountName", "default");
                spec.Default("serviceAccount", spec.Text("serviceAccountName"));
                spec.Default("enableServiceLinks", true);
                spec.Default("priority", 0);
                spec.Default("preemptionPolicy", "PreemptLowerPriority");
                spec.Default("tolerations", new JsonArray([.. new[] { "not-ready", "unreachable" }.Select(reason => new JsonObject
                {
                    ["key"] = $"node.kubernetes.io/{reason}", ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = 300,
                })]));
                thing.Ensure("status").Default("phase", "Pending");
                thing.Ensure("status").Default("qosClass", spec.Items("containers").Any(container => container.Map("resources").Count > 0) ? "Burstable" : "BestEffort");
                break;
            case "Ingress":
                thing.Ensure("status", "loadBalancer");
                break;
            case "ResourceQuota" or "PodDisruptionBudget":
                thing.Ensure("status");
                break;
        }
    }

    private static void StatefulSet(JsonObject thing)
    {
        var spec = thing.Ensure("spec");
        spec.Default("replicas", 1);
        spec.Default("podManagementPolicy", "OrderedReady");
        spec.Ensure("updateStrategy").Default("type", "RollingUpdate");
        if (spec.Text("updateStrategy", "type") == "RollingUpdate")
            spec.Ensure("updateStrategy", "rollingUpdate").Default("partition", 0);
        spec.Default("revisionHistoryLimit", 10);
        DropZero(spec, "minReadySeconds");
        spec.Ensure("persistentVolumeClaimRetentionPolicy").Default("whenDeleted", "Retain");
        spec.Ensure("persistentVolumeClaimRetentionPolicy").Default("whenScaled", "Retain");
        foreach (var claim in spec.Items("volumeClaimTemplates"))
        {
            claim["kind"] = "PersistentVolumeClaim";
            claim["apiVersion"] = "v1";
            Claim(claim);
            claim.Ensure("status").Default("phase", "Pending");
        }

        Template(spec.Ensure("template"), "Always");
        thing.Ensure("status").Default("replicas", 0);
        thing.Ensure("status").Default("availableReplicas", 0);
    }

    private static void Job(JsonObject thing)
    {
        var spec = thing.Ensure("spec");
        spec.Default("parallelism", 1);
        spec.Default("completions", 1);
        spec.Default("backoffLimit", 6);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("manualSelector", false);
        spec.Default("podReplacementPolicy", "TerminatingOrFailed");
        if (thing.Uid() is { Length: > 0 } uid)
        {
            JsonObject Labels() => new()
            {
                ["batch.kubernetes.io/controller-uid"] = uid,
                ["batch.kubernetes.io/job-name"] = thing.Name(),
                ["controller-uid"] = uid,
                ["job-name"] = thing.Name(),
            };
            foreach (var (name, value) in Labels())
            {
                // Those of the job itself are set only if it has none.
                spec.Ensure("template", "metadata", "labels")[name] = value?.DeepClone();
                if (thing.At("spec", "selector") is null)
                    thing.Ensure("metadata", "labels").Default(name, value?.DeepClone());
            }

            spec.Default("selector", new JsonObject { ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid } });
        }

        Template(spec.Ensure("template"), null);
        thing.Ensure("status");
    }

    private static void Service(JsonObject thing)
    {
        var spec = thing.Ensure("spec");
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        foreach (var port in spec.Items("ports"))
        {
            port.Default("protocol", "TCP");
            port.Default("targetPort", port["port"]?.DeepClone());
            if (spec.Text("type") is "NodePort" or "LoadBalancer")
                port.Default("nodePort", 30000 + (Interlocked.Increment(ref _address) % 2768));
        }

        if (spec.Text("type") is "NodePort" or "LoadBalancer")
            spec.Default("externalTrafficPolicy", "Cluster");
        if (spec.Text("type") == "LoadBalancer")
            spec.Default("allocateLoadBalancerNodePorts", true);
        if (spec.Text("type") != "ExternalName")
        {
            var next = Interlocked.Increment(ref _address);
            spec.Default("clusterIP", $"10.96.{next / 250 % 250}.{(next % 250) + 1}");
            spec.Default("clusterIPs", new JsonArray(spec.Text("clusterIP")));
            spec.Default("ipFamilies", new JsonArray("IPv4"));
            spec.Default("ipFamilyPolicy", "SingleStack");
            spec.Default("internalTrafficPolicy", "Cluster");
        }

        thing.Ensure("status", "loadBalancer");
    }

    private static void Claim(JsonObject claim) => claim.Ensure("spec").Default("volumeMode", "Filesystem");

    private static void Template(JsonObject template, string? restartPolicy)
    {
        template.Ensure("metadata");
        Pod(template.Ensure("spec"), restartPolicy);
    }

    private static void Pod(JsonObject spec, string? restartPolicy)
    {
        foreach (var container in spec.Items("containers").Concat(spec.Items("initContainers")))
        {
            container.Default("resources", new JsonObject());
            foreach (var kind in (string[])["requests", "limits"])
            {
                foreach (var (name, value) in container.Map("resources", kind).ToList())
                    container["resources"]![kind]![name] = Quantity.Canonical(value);
            }

            if (container.At("resources", "limits") is JsonObject limits)
            {
                foreach (var (name, value) in limits)
                    container.Ensure("resources", "requests").Default(name, value?.DeepClone());
            }

            container.Default("terminationMessagePath", "/dev/termination-log");
            container.Default("terminationMessagePolicy", "File");
            container.Default("imagePullPolicy", container.Text("image") is { } image && (image.EndsWith(":latest", StringComparison.Ordinal) || !image[(image.LastIndexOf('/') + 1)..].Contains(':')) ? "Always" : "IfNotPresent");
            foreach (var port in container.Items("ports"))
                port.Default("protocol", "TCP");
            foreach (var probe in ((string[])["readinessProbe", "livenessProbe", "startupProbe"]).Select(name => container[name]).OfType<JsonObject>())
            {
                probe.Default("timeoutSeconds", 1);
                probe.Default("periodSeconds", 10);
                probe.Default("successThreshold", 1);
                probe.Default("failureThreshold", 3);
                if (probe["httpGet"] is JsonObject get)
                    get.Default("scheme", "HTTP");
            }
        }

        if (restartPolicy is not null)
            spec.Default("restartPolicy", restartPolicy);
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("securityContext", new JsonObject());
        spec.Default("schedulerName", "default-scheduler");
    }

    private static void DropZero(JsonObject spec, string name)
    {
        if (spec.Number(name) == 0)
            spec.Remove(name);
    }
}
