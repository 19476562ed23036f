namespace Paas.Gateway.Http;

/// <summary>
/// Loads something once for all who ask at the same time. While the database hangs, each of them waits for one load,
/// not for those of all who came before.
/// </summary>
internal sealed class SharedLoad<T>(Func<Task<T>> load)
{
    private readonly Lock _lock = new();
    private Task<T>? _running;

    /// <param name="cancellation">Ends the waiting, not the load.</param>
    public Task<T> GetAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_running is null or { IsCompleted: true })
                _running = Task.Run(load, CancellationToken.None);
            return _running.WaitAsync(cancellation);
        }
    }
}
