using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Output;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>What a run prints. Whether more may come is told by the run, which is over only after its pod.</summary>
internal sealed class RunLog(ILogSource printed, bool isLive) : ILogSource
{
    public string Id => printed.Id;

    public bool IsLive => isLive;

    public IAsyncEnumerable<LogRecord> ReadAsync(int? last, CancellationToken cancellation) => printed.ReadAsync(last, cancellation);

    public Task<Task<bool>> ListenAsync(CancellationToken cancellation) => printed.ListenAsync(cancellation);
}

/// <summary>The log of a run that no node has started yet: empty, and it signals when there is another.</summary>
internal sealed class WaitingRunLog(KubernetesClient cluster, string @namespace, Guid runId) : ILogSource
{
    public string Id => runId.ToString("N");

    public bool IsLive => true;

    public IAsyncEnumerable<LogRecord> ReadAsync(int? last, CancellationToken cancellation) => AsyncEnumerable.Empty<LogRecord>();

    public Task<Task<bool>> ListenAsync(CancellationToken cancellation) => Task.FromResult(StartedAsync(cancellation));

    private async Task<bool> StartedAsync(CancellationToken cancellation)
    {
        await foreach (var (change, pod) in cluster.WatchAsync(KubernetesResource.Pods, @namespace, cancellation, labels: $"{RunObjects.RunLabel}={runId}"))
        {
            if (change == KubernetesChange.Deleted || RunJob.HasBegun(pod))
                return true;
        }

        return false;
    }
}
