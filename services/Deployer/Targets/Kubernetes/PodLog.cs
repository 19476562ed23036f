using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Deployer.Targets.Output;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>What the container of a pod prints: what is kept of the one before its last restart, and what is printed since.</summary>
internal sealed class PodLog(KubernetesClient cluster, string @namespace, KubernetesObject pod, string source) : ILogSource
{
    private const long NanosecondsPerTick = 100;

    public string Id { get; } = pod.Uid.Replace("-", "", StringComparison.Ordinal);

    // A container that has ended may be started again.
    public bool IsLive { get; } = pod.DeletionTimestamp is null && (string?)pod.Read("status", "phase") is "Pending" or "Running";

    public async IAsyncEnumerable<LogRecord> ReadAsync(int? last, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var container = (pod.Read("status", "containerStatuses") as JsonArray)?.FirstOrDefault();
        if (RolloutReader.Number(container?["restartCount"]) > 0)
        {
            await foreach (var record in ReadPartAsync(new() { Previous = true, Tail = last }, cancellation))
                yield return record;
        }

        await foreach (var record in ReadPartAsync(new() { Tail = last }, cancellation))
            yield return record;
    }

    public async Task<Task<bool>> ListenAsync(CancellationToken cancellation)
    {
        try
        {
            return await cluster.ListenToLogAsync(@namespace, pod.Name, container: null, cancellation);
        }
        catch (KubernetesException exception) when (IsWithoutLog(exception))
        {
            return Task.FromResult(false);
        }
    }

    private async IAsyncEnumerable<LogRecord> ReadPartAsync(KubernetesLog part, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var lines = cluster.ReadLogAsync(@namespace, pod.Name, part, cancellation).GetAsyncEnumerator(cancellation);
        while (await UnlessGoneAsync(lines))
        {
            var time = (lines.Current.Time ?? DateTimeOffset.UnixEpoch) - DateTimeOffset.UnixEpoch;
            yield return new LogRecord(time.Ticks * NanosecondsPerTick, source, IsError: false, LogReading.Shorten(lines.Current.Text, isWhole: true));
        }
    }

    /// <summary>A container that has not started yet, or is gone, has nothing to tell.</summary>
    private static async Task<bool> UnlessGoneAsync(IAsyncEnumerator<KubernetesLogLine> lines)
    {
        try
        {
            return await lines.MoveNextAsync();
        }
        catch (KubernetesException exception) when (IsWithoutLog(exception))
        {
            return false;
        }
    }

    private static bool IsWithoutLog(KubernetesException exception) =>
        exception.Problem is KubernetesProblem.ContainerWaiting or KubernetesProblem.NotFound or KubernetesProblem.NamespaceMissing or KubernetesProblem.NamespaceTerminating
        || exception.Code == 400;
}
