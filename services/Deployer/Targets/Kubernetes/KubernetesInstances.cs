using System.Globalization;
using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>Reads from pods how the instances of releases are.</summary>
internal sealed class KubernetesInstances(KubernetesClient cluster) : IInstanceStates
{
    public string Name => Target.Kubernetes;

    public async Task<IReadOnlyList<InstanceStatus>> FindInstancesAsync(Guid? appId, bool withLastLines, CancellationToken cancellation)
    {
        var app = appId is { } id ? $"{AppNamespace.AppIdLabel}={id}" : AppNamespace.AppIdLabel;
        var pods = await cluster.ListAsync(KubernetesResource.Pods, null, cancellation, labels: $"{app},{AppNamespace.Version},!{AddOnObjects.AddOnLabel}");
        var instances = pods.Items.Where(pod => pod.Namespace is not null && pod.DeletionTimestamp is null && ComponentOf(pod) != ReleaseObjects.ReleaseCommand)
            .Select(pod => (Pod: pod, Status: Read(pod))).Where(instance => instance.Status is not null)
            .OrderBy(instance => instance.Status!.App, StringComparer.Ordinal).ThenBy(instance => instance.Status!.Name, StringComparer.Ordinal).ToList();
        return withLastLines
            ? await Task.WhenAll(instances.Select(async instance => instance.Status! with { LastLine = await LastLineAsync(instance.Pod, cancellation) }))
            : [.. instances.Select(instance => instance.Status!)];
    }

    /// <returns>Null if it is no instance of a release.</returns>
    internal static InstanceStatus? Read(KubernetesObject pod)
    {
        if (!Guid.TryParse(pod.Labels.GetValueOrDefault(AppNamespace.AppIdLabel), out var appId)
            || !int.TryParse(pod.Labels.GetValueOrDefault(AppNamespace.Version)?.TrimStart('v'), NumberStyles.None, CultureInfo.InvariantCulture, out var release))
            return null;
        var container = (pod.Read("status", "containerStatuses") as JsonArray)?.FirstOrDefault();
        var (running, waiting, ended) = (container?["state"]?["running"], container?["state"]?["waiting"], container?["state"]?["terminated"]);
        var last = ended ?? container?["lastState"]?["terminated"];
        var waitsFor = (string?)waiting?["reason"];
        var process = ComponentOf(pod);
        return new InstanceStatus
        {
            AppId = appId,
            App = pod.Labels.GetValueOrDefault(AppNamespace.NameLabel) ?? "",
            Name = KubernetesLogs.SourceOf(pod),
            Process = process,
            Release = release,
            State = running is not null
                ? (bool?)container!["ready"] == true ? InstanceState.Running : (bool?)container["started"] == true ? InstanceState.Unhealthy : InstanceState.Starting
                : (string?)pod.Read("status", "phase") is "Succeeded" or "Failed" ? InstanceState.Stopped
                : last is not null ? InstanceState.Restarting : InstanceState.Starting,
            Since = Time(running?["startedAt"]) ?? Time(last?["finishedAt"]) ?? Time(pod.Read("metadata", "creationTimestamp")),
            Restarts = RolloutReader.Number(container?["restartCount"]),
            LastExitCode = last is null ? null : RolloutReader.Number(last["exitCode"]),
            // "CrashLoopBackOff" says no more than the state; an image that can't be pulled does.
            Reason = waitsFor is not (null or "CrashLoopBackOff" or "ContainerCreating" or "PodInitializing")
                ? Join(waitsFor, (string?)waiting!["message"])
                : last is not null ? Join((string?)last["reason"], (string?)last["message"])
                : RolloutReader.Condition(pod, "PodScheduled") is { Status: "False" } unscheduled ? Join(unscheduled.Reason, unscheduled.Message) : null,
            LastExitAt = Time(last?["finishedAt"]),
        };
    }

    private async Task<string?> LastLineAsync(KubernetesObject pod, CancellationToken cancellation)
    {
        string? last = null;
        await foreach (var record in new PodLog(cluster, pod.Namespace!, pod, "").ReadAsync(last: 1, cancellation))
            last = record.Text ?? last;
        return last;
    }

    private static string ComponentOf(KubernetesObject pod) => pod.Labels.GetValueOrDefault(AppNamespace.Component) ?? "";

    private static string? Join(string? reason, string? message) =>
        string.IsNullOrEmpty(message) ? reason : string.IsNullOrEmpty(reason) ? message : $"{reason}: {message}";

    private static DateTime? Time(JsonNode? node) => (string?)node is { } text
        && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
