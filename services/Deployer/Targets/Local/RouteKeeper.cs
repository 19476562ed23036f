using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Paas.Deployer.Targets.Local;

/// <summary>Keeps the router told of a release's healthy instances, for as long as the release runs.</summary>
internal sealed partial class RouteKeeper(CurrentRelease release, Func<IReadOnlyList<Uri>> addresses, RouteClient router, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly TaskCompletionSource _firstTry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _tookOver = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How the first try to take over ended. After a failure the keeper goes on trying.</summary>
    public Task FirstTry => _firstTry.Task;

    /// <summary>Done when the release has taken over, however many tries that took.</summary>
    public Task TookOver => _tookOver.Task;

    public void Changed() => _changes.Writer.TryWrite(true);

    /// <param name="first">What to tell the router first, until it has heard it.</param>
    /// <param name="tookOver">Awaited once, when the router sends its requests to this release.</param>
    /// <param name="cancellation">Ends the keeping; the route stays as it is.</param>
    public async Task RunAsync(IReadOnlyList<Uri> first, Func<Task> tookOver, CancellationToken cancellation)
    {
        IReadOnlyList<Uri>? told = null;
        var takingOver = Task.CompletedTask;
        var delay = FirstDelay;
        try
        {
            while (true)
            {
                var wanted = told is null ? first : addresses();
                if (told is not null && told.SequenceEqual(wanted))
                {
                    await _changes.Reader.ReadAsync(cancellation);
                    continue;
                }

                try
                {
                    await router.SwitchAsync(release.AppId, release.App, release.Release, wanted, cancellation);
                    if (told is null)
                        takingOver = TakeOverAsync(tookOver);
                    told = wanted;
                    delay = FirstDelay;
                }
                catch (Exception exception) when (!cancellation.IsCancellationRequested)
                {
                    Log.NotSwitched(logger, exception, release.App, release.Release, delay);
                    _firstTry.TrySetException(exception);
                    await Task.Delay(delay, clock, cancellation);
                    delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _firstTry.TrySetCanceled(cancellation);
        }

        await takingOver;
    }

    // Beside the keeping: the old release may take its time to end, and the route has to follow the new one meanwhile.
    private async Task TakeOverAsync(Func<Task> tookOver)
    {
        try
        {
            await tookOver();
            _tookOver.TrySetResult();
            _firstTry.TrySetResult();
        }
        catch (Exception exception)
        {
            Log.NotTakenOver(logger, exception, release.App, release.Release);
            _firstTry.TrySetException(exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "v{Release} of {App} serves, but the release before it was not stopped")]
        public static partial void NotTakenOver(ILogger logger, Exception exception, string app, int release);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The route of {App} was not switched to v{Release}; next try in {Delay}")]
        public static partial void NotSwitched(ILogger logger, Exception exception, string app, int release, TimeSpan delay);
    }
}
