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

/// <summary>The log of a run that no node has started yet: empty, and it signals when there is another, or anything else is to be told of the run.</summary>
internal sealed class WaitingRunLog(KubernetesClient cluster, RunJob run) : ILogSource
{
    private readonly HashSet<(string, string)> _known = [.. run.Events.Append(run.Job).Append(run.Pod).OfType<KubernetesObject>().Select(StateOf)];

    public string Id => run.RunId.ToString("N");

    public bool IsLive => true;

    public IAsyncEnumerable<LogRecord> ReadAsync(int? last, CancellationToken cancellation) => AsyncEnumerable.Empty<LogRecord>();

    public Task<Task<bool>> ListenAsync(CancellationToken cancellation) => Task.FromResult(ChangedAsync(cancellation));

    private async Task<bool> ChangedAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watches = new[]
        {
            WatchAsync(KubernetesResource.Jobs, null, $"metadata.name={run.Job.Name}", stop.Token),
            WatchAsync(KubernetesResource.Pods, $"{RunObjects.RunLabel}={run.RunId}", null, stop.Token),
            WatchAsync(KubernetesResource.Events, null, run.FieldsOfEvents, stop.Token),
        };
        try
        {
            await await Task.WhenAny(watches);
            return true;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync(KubernetesResource type, string? labels, string? fields, CancellationToken stop)
    {
        await foreach (var (change, thing) in cluster.WatchAsync(type, run.Namespace, stop, labels: labels, fields: fields))
        {
            if (change == KubernetesChange.Deleted || !_known.Contains(StateOf(thing)))
                return;
        }
    }

    private static (string, string) StateOf(KubernetesObject thing) => (thing.Uid, thing.ResourceVersion);
}
