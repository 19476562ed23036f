using System.Text;
using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Objects;

/// <summary>What a release is made of in the cluster.</summary>
internal static class ReleaseObjects
{
    /// <summary>The component of the release command's pod; no process type is called so.</summary>
    public const string ReleaseCommand = "release";

    // A few old ReplicaSets are there for people who look; the platform itself needs none.
    private const int RevisionHistory = 3;

    /// <summary>The time between an instance's start and its end as unhealthy, over all that is not its own time: pulling, scheduling.</summary>
    private const int ProgressGrace = 120;

    /// <summary>The variables of a release; they never change.</summary>
    public static JsonObject Config(KubernetesRelease release)
    {
        var secret = release.App.Object("v1", "Secret", release.ConfigName, annotations: PodTemplates.Annotations(release));
        secret["type"] = "Opaque";
        secret["immutable"] = true;
        // Never stringData: what is left out of it later would stay.
        secret["data"] = new JsonObject(release.Variables.OrderBy(variable => variable.Key, StringComparer.Ordinal)
            .Select(variable => KeyValuePair.Create(variable.Key, (JsonNode?)Convert.ToBase64String(Encoding.UTF8.GetBytes(variable.Value)))));
        return secret;
    }

    /// <summary>Runs before the rollout, once: neither the Job nor its pod begins a second time.</summary>
    public static JsonObject Job(KubernetesRelease release, CommandLine command, TimeSpan timeout)
    {
        var job = release.App.Object("batch/v1", "Job", release.JobName(), ReleaseCommand, PodTemplates.Annotations(release));
        job["spec"] = new JsonObject
        {
            ["backoffLimit"] = 0,
            ["activeDeadlineSeconds"] = (long)timeout.TotalSeconds,
            ["template"] = PodTemplates.Of(release, ReleaseCommand, command, "Never"),
        };
        return job;
    }

    /// <summary>By our own labels: those of the cluster have other names before Kubernetes 1.27.</summary>
    public static bool IsOfReleaseCommand(KubernetesObject pod, string version) =>
        pod.Labels.GetValueOrDefault(AppNamespace.Component) == ReleaseCommand && pod.Labels.GetValueOrDefault(AppNamespace.Version) == version;

    /// <summary>All that the release lets people reach and what runs for them, in the order in which it is applied.</summary>
    public static IReadOnlyList<JsonObject> Running(KubernetesRelease release)
    {
        var objects = release.Command.Run.Processes.Select(process => Process(release, process)).ToList();
        objects.AddRange(release.Command.Run.Processes.Where(process => process.Scale > 1).Select(process => Disruption(release, process)));
        if (release.Command.Run.Processes.Any(process => process.Name == ProcessType.Web))
        {
            objects.Add(Service(release));
            if (release.Options.Exposure == Exposure.Ingress)
                objects.Add(Ingress(release));
        }

        return objects;
    }

    private static JsonObject Process(KubernetesRelease release, ProcessType process)
    {
        var deployment = release.App.Object("apps/v1", "Deployment", process.Name, process.Name, PodTemplates.Annotations(release));
        deployment["spec"] = new JsonObject
        {
            ["replicas"] = process.Scale,
            ["minReadySeconds"] = release.Options.MinReadySeconds,
            ["progressDeadlineSeconds"] = (int)release.Command.Run.Health.Timeout.TotalSeconds + release.Options.MinReadySeconds + ProgressGrace,
            ["revisionHistoryLimit"] = RevisionHistory,
            ["selector"] = new JsonObject { ["matchLabels"] = release.App.Selector(process.Name) },
            ["strategy"] = new JsonObject { ["type"] = "RollingUpdate", ["rollingUpdate"] = new JsonObject { ["maxSurge"] = 1, ["maxUnavailable"] = 0 } },
            ["template"] = PodTemplates.Of(release, process.Name, process.Command, "Always"),
        };
        return deployment;
    }

    /// <summary>So that whoever empties a node leaves the others running meanwhile.</summary>
    private static JsonObject Disruption(KubernetesRelease release, ProcessType process)
    {
        var budget = release.App.Object("policy/v1", "PodDisruptionBudget", process.Name, process.Name, PodTemplates.Annotations(release));
        budget["spec"] = new JsonObject
        {
            ["maxUnavailable"] = 1,
            ["selector"] = new JsonObject { ["matchLabels"] = release.App.Selector(process.Name) },
            // Instances that are not healthy anyway do not hold anybody up.
            ["unhealthyPodEvictionPolicy"] = "AlwaysAllow",
        };
        return budget;
    }

    private static JsonObject Service(KubernetesRelease release)
    {
        var service = release.App.Object("v1", "Service", ProcessType.Web, ProcessType.Web, PodTemplates.Annotations(release));
        service["spec"] = new JsonObject
        {
            ["type"] = release.Options.Exposure switch
            {
                Exposure.LoadBalancer => "LoadBalancer",
                Exposure.NodePort => "NodePort",
                _ => "ClusterIP",
            },
            ["selector"] = release.App.Selector(ProcessType.Web),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = PodTemplates.PortName, ["port"] = 80, ["protocol"] = "TCP", ["targetPort"] = PodTemplates.PortName }),
        };
        return service;
    }

    private static JsonObject Ingress(KubernetesRelease release)
    {
        var annotations = PodTemplates.Annotations(release);
        foreach (var (name, value) in release.Options.IngressAnnotations)
            annotations[name] = value;
        var ingress = release.App.Object("networking.k8s.io/v1", "Ingress", ProcessType.Web, ProcessType.Web, annotations);
        var backend = new JsonObject { ["service"] = new JsonObject { ["name"] = ProcessType.Web, ["port"] = new JsonObject { ["name"] = PodTemplates.PortName } } };
        var spec = new JsonObject();
        if (release.Options.IngressClass is { } ingressClass)
            spec["ingressClassName"] = ingressClass;
        spec["rules"] = new JsonArray(new JsonObject
        {
            ["host"] = release.Host,
            ["http"] = new JsonObject { ["paths"] = new JsonArray(new JsonObject { ["path"] = "/", ["pathType"] = "Prefix", ["backend"] = backend }) },
        });
        if (release.Options.TlsSecret is { } secret)
            spec["tls"] = new JsonArray(new JsonObject { ["hosts"] = new JsonArray(release.Host), ["secretName"] = secret });
        ingress["spec"] = spec;
        return ingress;
    }
}
