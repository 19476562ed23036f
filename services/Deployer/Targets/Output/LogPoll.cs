namespace Paas.Deployer.Targets.Output;

/// <summary>Reads a portion of an app's logs, and waits for one if there is none.</summary>
internal sealed class LogPoll(TimeProvider clock)
{
    /// <summary>Lines seldom come alone: what comes within this time goes into one answer.</summary>
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(100);

    /// <param name="find">Finds the logs there are at the moment.</param>
    /// <param name="waitForAnother">Ends when there may be another; null if there are no others.</param>
    /// <param name="cursor">See <see cref="LogReading.ReadAsync"/>.</param>
    /// <param name="tail">As well.</param>
    /// <param name="isWanted">As well.</param>
    /// <param name="wait">How long to wait.</param>
    /// <param name="cancellation">Ends it all.</param>
    /// <returns>No lines if there were none in that time.</returns>
    public async Task<ReadLines> ReadAsync(
        Func<CancellationToken, Task<IReadOnlyList<ILogSource>>> find, Func<CancellationToken, Task>? waitForAnother,
        string? cursor, int? tail, Func<string, bool>? isWanted, TimeSpan wait, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(wait, clock);
        while (true)
        {
            var sources = await find(cancellation);
            var read = await LogReading.ReadAsync(sources, cursor, tail, isWanted, cancellation);
            var isOver = waitForAnother is null && !sources.Any(source => source.IsLive);
            if (read.Lines.Count > 0 || !read.AtEnd || isOver || timeout.IsCancellationRequested)
                return read;
            cursor = read.Cursor;
            using var listening = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
            try
            {
                var signals = await ListenAsync(sources, waitForAnother, listening.Token);
                // What was printed before it was listened for gives no signal.
                read = await LogReading.ReadAsync(sources, cursor, tail, isWanted, cancellation);
                if (read.Lines.Count > 0)
                    return read;
                await await Task.WhenAny(signals);
                await Task.Delay(GatherTime, clock, listening.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The time is over: a last look.
            }
            finally
            {
                await listening.CancelAsync();
            }
        }
    }

    private static async Task<List<Task>> ListenAsync(
        IReadOnlyList<ILogSource> sources, Func<CancellationToken, Task>? waitForAnother, CancellationToken cancellation)
    {
        var listening = await Task.WhenAll(sources.Where(source => source.IsLive).Select(source => source.ListenAsync(cancellation)));
        if (waitForAnother is null)
            return [.. listening];
        return [waitForAnother(cancellation), .. listening.Select(UnlessEndedAsync)];

        // One of several that ends has no more to tell.
        async Task UnlessEndedAsync(Task<bool> happens)
        {
            if (!await happens)
                await Task.Delay(Timeout.Infinite, cancellation);
        }
    }
}
