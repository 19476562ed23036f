using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Local;

/// <summary>A release with its instances, from their start until they are stopped.</summary>
internal sealed class RunningRelease : IAsyncDisposable
{
    private readonly ReleaseParts _parts;
    private readonly RouteKeeper _keeper;
    private readonly List<Slot> _slots;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _becameHealthy = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RunningRelease? _replaced;
    private Task _watch = Task.CompletedTask;
    private Task? _stopped;

    public RunningRelease(ReleaseParts parts, RouteClient router, ILogger logger)
    {
        _parts = parts;
        _slots = [.. parts.Release.Run.Processes.SelectMany(type => Enumerable.Range(1, Math.Max(0, type.Scale)).Select(number => new Slot(parts, type, number)))];
        _keeper = new RouteKeeper(parts.Release, Addresses, router, parts.Clock, logger);
        // Scaled to zero, it has nothing to wait for.
        if (_slots.Count == 0)
            _becameHealthy.TrySetResult();
    }

    public CurrentRelease Release => _parts.Release;

    /// <summary>Done when all instances have been healthy at the same time once.</summary>
    public Task BecameHealthy => _becameHealthy.Task;

    /// <summary>How its instances are.</summary>
    public IReadOnlyList<InstanceStatus> Statuses => [.. _slots.Select(slot => slot.Status)];

    public bool IsHealthy => _slots.All(slot => slot.IsHealthy);

    /// <summary>Done when the router sends its requests here and the release before has ended.</summary>
    public Task TookOver => _keeper.TookOver;

    /// <summary>Like <see cref="TookOver"/>, but failed when the first try to get there did, though it is tried on.</summary>
    public Task FirstTryToTakeOver => _keeper.FirstTry;

    /// <summary>Starts every instance and waits until all are healthy.</summary>
    /// <exception cref="StepFailedException">The first that is not; the log has what it printed.</exception>
    public async Task StartAsync(IStepLog log, CancellationToken cancellation)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var starts = _slots.ToDictionary(slot => slot.StartAsync(log.Warning, giveUp.Token));
        var waiting = starts.Keys.ToHashSet();
        while (waiting.Count > 0)
        {
            var ended = await Task.WhenAny(waiting);
            waiting.Remove(ended);
            if (ended.IsCompletedSuccessfully)
            {
                log.Detail(DeployerTexts.Healthy(starts[ended].Name));
                continue;
            }

            await giveUp.CancelAsync();
            await Task.WhenAll(waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!cancellation.IsCancellationRequested)
                ShowLastLines(log, starts[ended]);
            await ended;
        }

        _becameHealthy.TrySetResult();
    }

    /// <summary>Sees that nothing has ended since it was healthy.</summary>
    /// <exception cref="StepFailedException">Something has.</exception>
    public async Task EnsureAliveAsync(IStepLog log)
    {
        if (_slots.Find(slot => slot.HasLeft) is not { } gone)
            return;
        ShowLastLines(log, gone);
        throw new StepFailedException(FailureReason.AppExited, DeployerTexts.Exited(gone.Name, await gone.Ended));
    }

    /// <summary>Lets a release that was started and is healthy take over, and keeps it running from now on.</summary>
    public void TakeOver(RunningRelease? replaced)
    {
        _replaced = replaced;
        Watch(Addresses());
    }

    /// <summary>Starts a release that ran before, and goes on trying if it does not come up.</summary>
    /// <remarks>
    /// First the router forgets the instances from before: they are gone, and another app may get their ports.
    /// </remarks>
    public void Restore() => Watch([]);

    /// <summary>Gives the release before it back, before anything was taken from it.</summary>
    public void Forget() => _replaced = null;

    /// <summary>Stops every instance, and those of the release before if that still runs.</summary>
    public Task StopAsync(TimeSpan grace)
    {
        lock (_gate)
            return _stopped ??= StopOnceAsync(grace);
    }

    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero);

    private static void ShowLastLines(IStepLog log, Slot slot)
    {
        var lines = slot.LastLines;
        log.Heading(lines.Count == 0 ? DeployerTexts.PrintedNothing(slot.Name) : DeployerTexts.LastLines(slot.Name));
        foreach (var line in lines)
            log.Detail(line);
    }

    private void Watch(IReadOnlyList<Uri> addresses) => _watch = Task.WhenAll([
        .. _slots.Select(slot => slot.SuperviseAsync(Changed, _stopping.Token)),
        _keeper.RunAsync(addresses, StopReplacedAsync, _stopping.Token)]);

    private void Changed()
    {
        if (IsHealthy)
            _becameHealthy.TrySetResult();
        _keeper.Changed();
    }

    private List<Uri> Addresses() => [.. _slots.Where(slot => slot.IsWeb).Select(slot => slot.Address).OfType<Uri>()];

    private async Task StopOnceAsync(TimeSpan grace)
    {
        await _stopping.CancelAsync();
        // Whatever went wrong with the watch, the instances have to end.
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll([.. _slots.Select(slot => slot.StopAsync(grace)), StopReplacedAsync(grace)]);
        _stopping.Dispose();
    }

    private Task StopReplacedAsync() => StopReplacedAsync(_parts.Options.Value.StopGrace);

    private async Task StopReplacedAsync(TimeSpan grace)
    {
        if (_replaced is not { } replaced)
            return;
        await replaced.StopAsync(grace);
        _replaced = null;
    }
}
