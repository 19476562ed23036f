using System.Collections.Concurrent;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>What is in a namespace of some types, kept up by watches that outlive cuts and restarts of the server.</summary>
internal sealed class NamespaceView : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly ConcurrentDictionary<(string Kind, string Name), KubernetesObject> _objects = new();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly Task _watching;

    public NamespaceView(KubernetesClient cluster, string @namespace, IEnumerable<KubernetesResource> types, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _watching = Task.WhenAll(types.Select(type => WatchAsync(cluster, @namespace, type, _stop.Token)));
        // A watch that gives up is found out by whoever waits.
        _ = _watching.ContinueWith(_ => _changed.Release(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    public KubernetesObject? Find(KubernetesResource type, string name) => _objects.GetValueOrDefault((type.Kind, name));

    public IReadOnlyList<KubernetesObject> Of(KubernetesResource type) => [.. _objects.Where(entry => entry.Key.Kind == type.Kind).Select(entry => entry.Value)];

    /// <summary>Waits until something has changed, but not longer than that.</summary>
    /// <exception cref="KubernetesUnreachableException">The server has been away for too long.</exception>
    public async Task ChangedAsync(TimeSpan atMost, CancellationToken cancellation)
    {
        if (_watching.IsCompleted)
            await _watching;
        if (!await _changed.WaitAsync(atMost, cancellation))
            return;
        // What comes together is looked at together.
        while (await _changed.WaitAsync(0, cancellation))
        {
        }

        if (_watching.IsFaulted)
            await _watching;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)_watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task WatchAsync(KubernetesClient cluster, string @namespace, KubernetesResource type, CancellationToken stop)
    {
        try
        {
            await foreach (var (change, thing) in cluster.WatchAsync(type, @namespace, stop))
            {
                if (change == KubernetesChange.Deleted)
                    _objects.TryRemove((type.Kind, thing.Name), out _);
                else
                    _objects[(type.Kind, thing.Name)] = thing;
                _changed.Release();
            }
        }
        catch
        {
            // One that has ended makes the others useless.
            await _stop.CancelAsync();
            throw;
        }
    }
}
