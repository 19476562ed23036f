using System.Runtime.ExceptionServices;

namespace Paas.Kubernetes;

/// <summary>How a watch bears with a server that is away for a while.</summary>
internal sealed class WatchFailures(TimeSpan patience, TimeProvider clock)
{
    private int _count;
    private int _quiet;
    private long _since;
    private TimeSpan? _retryAfter;

    /// <summary>The place to go on from is forgotten.</summary>
    public bool Expired { get; private set; }

    /// <summary>Tries something; null if it fails in a way that may pass, and for not too long yet.</summary>
    public async Task<T?> TryAsync<T>(Func<Task<T?>> action, CancellationToken cancellation) where T : class
    {
        try
        {
            var result = await action();
            if (result is not null)
                (_count, _quiet, Expired, _retryAfter) = (0, 0, false, null);
            else
                _quiet++;
            return result;
        }
        catch (KubernetesException exception) when (exception.IsTransient)
        {
            Expired = exception.Problem == KubernetesProblem.Expired;
            Add(exception);
        }
        catch (KubernetesUnreachableException exception) when (!cancellation.IsCancellationRequested)
        {
            Add(exception);
        }

        return null;
    }

    public void Add(Exception exception)
    {
        if (_count++ == 0)
            _since = clock.GetTimestamp();
        _retryAfter = (exception as KubernetesException)?.RetryAfter;
        if (clock.GetElapsedTime(_since) > patience)
            ExceptionDispatchInfo.Throw(exception);
    }

    /// <summary>Waits before the next connection: shortly after one that told something, and longer each time it does not.</summary>
    public Task WaitAsync(CancellationToken cancellation)
    {
        var wait = TimeSpan.FromMilliseconds(Math.Min(5000, 25 * Math.Pow(2, Math.Min(_count + _quiet, 8))) * (0.75 + (Random.Shared.NextDouble() / 2)));
        return Task.Delay(_retryAfter is { } after && after > wait && after < TimeSpan.FromMinutes(1) ? after : wait, clock, cancellation);
    }
}
