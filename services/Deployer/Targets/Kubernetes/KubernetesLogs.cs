using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Output;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>The logs of the pods of apps' releases, the release command's among them.</summary>
internal sealed class KubernetesLogs(KubernetesClient cluster) : IAppLogs
{
    public string Name => Target.Kubernetes;

    public async Task<IReadOnlyList<ILogSource>> FindAsync(Guid appId, CancellationToken cancellation)
    {
        var pods = await cluster.ListAsync(KubernetesResource.Pods, null, cancellation, labels: QueryOf(appId));
        return [.. pods.Items.Where(pod => pod.Namespace is not null).Select(pod => new PodLog(cluster, pod.Namespace!, pod, SourceOf(pod)))];
    }

    public async Task WaitForInstanceAsync(Guid appId, CancellationToken cancellation)
    {
        var known = (await cluster.ListAsync(KubernetesResource.Pods, null, cancellation, labels: QueryOf(appId))).Items.SelectMany(StartsOf).ToHashSet();
        await foreach (var (_, pod) in cluster.WatchAsync(KubernetesResource.Pods, null, cancellation, labels: QueryOf(appId)))
        {
            if (StartsOf(pod).Any(start => !known.Contains(start)))
                return;
        }
    }

    /// <summary>Those of releases: neither add-ons nor runs have a release's version.</summary>
    private static string QueryOf(Guid appId) => $"{AppNamespace.AppIdLabel}={appId},{AppNamespace.Version},!{AddOnObjects.AddOnLabel}";

    /// <summary>Such as <c>web.x7k2p</c>: pods have no numbers.</summary>
    internal static string SourceOf(KubernetesObject pod)
    {
        var component = pod.Labels.GetValueOrDefault(AppNamespace.Component) ?? "";
        return component == ReleaseObjects.ReleaseCommand ? component : $"{component}.{pod.Name[(pod.Name.LastIndexOf('-') + 1)..]}";
    }

    /// <summary>The containers that have been started so far.</summary>
    private static IEnumerable<string> StartsOf(KubernetesObject pod) => (pod.Read("status", "containerStatuses") as JsonArray ?? [])
        .Select(status => (string?)status?["containerID"]).Where(id => !string.IsNullOrEmpty(id)).Select(id => id!);
}
