using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Local;

/// <summary>
/// One app on this machine. A deployment is decided when <c>current.json</c> names its release: before that a
/// crash leaves the old release, and after it the new one is started again and takes over, whoever was killed when.
/// Hence the order: healthy, confirmed, <c>current.json</c>, route, and only then does the old release end.
/// </summary>
internal sealed partial class LocalApp(AppFolder folder, LocalServices services) : IDisposable
{
    private static readonly TimeSpan AbandonGrace = TimeSpan.FromSeconds(0.4);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _ending = new();
    private AppLog? _log;
    private volatile RunningRelease? _running;

    /// <summary>How the instances of the live release are; while it could not be brought up again yet, they are about to start.</summary>
    public IReadOnlyList<InstanceStatus> Statuses => _running?.Statuses ?? (folder.IsRemoved || folder.ReadCurrent() is not { } release ? [] : Waiting(release));

    public void Dispose()
    {
        _ending.Dispose();
        _turn.Dispose();
    }

    public async Task DeployAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ending.Token);
        try
        {
            await _turn.WaitAsync(stop.Token);
            try
            {
                await DeployInTurnAsync(CurrentRelease.Of(command), log, confirm, stop.Token);
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (OperationCanceledException) when (folder.IsRemoved)
        {
            throw Removed(command.App);
        }
    }

    /// <summary>Runs what ran before the platform was stopped.</summary>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ending.Token);
        await _turn.WaitAsync(stop.Token);
        try
        {
            if (_running is not null || folder.IsRemoved || folder.ReadCurrent() is not { } release)
                return;
            var slug = await Preparation.UnpackAsync(release, reuse: true, stop.Token);
            _running = Create(release, slug);
            _running.Restore();
            Log.Restored(services.Logger, release.App, release.Release);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task RemoveAsync(RemoveApp command, CancellationToken cancellation)
    {
        folder.MarkRemoved();
        // A deployment under way has to make room.
        await _ending.CancelAsync();
        await _turn.WaitAsync(cancellation);
        try
        {
            await Task.WhenAll(StopRunningAsync(), services.Runs.EndAsync(folder.AppId));
            await services.Router.RemoveAsync(command.AppId, command.App, cancellation);
            folder.Clear();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stops all processes; they run again after the next <see cref="RestoreAsync"/>.</summary>
    public async Task StopAsync()
    {
        await _ending.CancelAsync();
        await _turn.WaitAsync();
        try
        {
            await StopRunningAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task DeployInTurnAsync(CurrentRelease release, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation)
    {
        if (folder.IsRemoved)
            throw Removed(release.App);
        folder.Create();
        var current = folder.ReadCurrent();
        if (current?.Release > release.Release)
            throw new StepFailedException(FailureReason.ReleaseOutdated, DeployerTexts.ReleaseOutdated(release.App, release.Release, current.Release));
        if (current?.Release == release.Release && current.ImageDigest != release.ImageDigest)
            throw new StepPermanentException(DeployerTexts.ReleaseChanged(release.App, release.Release, current.ImageDigest, release.ImageDigest));
        if (await IsRunningAsync(release, cancellation))
        {
            log.Heading(DeployerTexts.AlreadyRunning(release.Release));
            return;
        }

        log.Heading(DeployerTexts.Unpacking(release.Release));
        // Processes may run in it, or the release command has done its work there: what they have written stays.
        var reuse = current?.Release == release.Release || folder.IsReleaseCommandDone(release.Release);
        var slug = await Preparation.UnpackAsync(release, reuse, cancellation);
        try
        {
            if (Preparation.NeedsReleaseCommand(release))
            {
                await confirm(cancellation);
                await Preparation.RunReleaseCommandAsync(release, slug, log, OpenLog(), cancellation);
            }

            await confirm(cancellation);
            var next = await StartAsync(release, slug, log, confirm, cancellation);
            await SwitchAsync(current, next, log);
        }
        catch (StepFailedException) when (current?.Release != release.Release)
        {
            FolderDeletion.Delete(slug.Root);
            throw;
        }

        DeleteOldReleases(release.Release, current?.Release);
    }

    /// <summary>Whether an earlier try of the same deployment has come to its end, or does so in a moment.</summary>
    private async Task<bool> IsRunningAsync(CurrentRelease release, CancellationToken cancellation)
    {
        if (_running is not { } running || running.Release.Release != release.Release)
            return false;
        var options = services.Options.Value;
        // Just restored, it may still be starting: a second set of instances would not help.
        var starting = release.Run.Health.Timeout + options.StaysUpFor;
        await running.BecameHealthy.WaitAsync(starting, services.Clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (!running.IsHealthy)
            return false;
        await running.TookOver.WaitAsync(options.DrainTimeout + options.RouterTimeout + options.StopGrace, services.Clock, cancellation);
        return true;
    }

    private async Task<RunningRelease> StartAsync(
        CurrentRelease release, ReleaseFolder slug, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation)
    {
        log.Heading(DeployerTexts.Starting(release.Release));
        var next = Create(release, slug);
        try
        {
            await next.StartAsync(log, cancellation);
            await confirm(cancellation);
            await next.EnsureAliveAsync(log);
            cancellation.ThrowIfCancellationRequested();
            return next;
        }
        catch
        {
            await next.StopAsync(AbandonGrace);
            throw;
        }
    }

    private async Task SwitchAsync(CurrentRelease? current, RunningRelease next, IStepLog log)
    {
        var release = next.Release;
        log.Heading(DeployerTexts.Switching(release.Release));
        try
        {
            folder.WriteCurrent(release);
        }
        catch
        {
            await next.StopAsync(AbandonGrace);
            throw;
        }

        // From here on there is only forward: whether the router has switched is not to be known for sure.
        var replaced = _running;
        _running = next;
        next.TakeOver(replaced);
        try
        {
            await next.FirstTryToTakeOver.WaitAsync(_ending.Token);
        }
        catch (RouteRefusedException)
        {
            next.Forget();
            _running = replaced;
            await next.StopAsync(AbandonGrace);
            folder.WriteCurrent(current);
            throw new StepFailedException(FailureReason.ReleaseOutdated, DeployerTexts.RouteRefused(release.App, release.Release));
        }

        log.Detail(DeployerTexts.Switched(release.Release));
    }

    private RunningRelease Create(CurrentRelease release, ReleaseFolder slug) => new(
        new ReleaseParts(release, slug, OpenLog(), services.Instances, services.Probe, services.Options, services.Clock), services.Router, services.Logger);

    private ReleasePreparation Preparation => new(folder, services);

    private AppLog OpenLog() => _log ??= new AppLog(folder.LogFile, services.Clock);

    private async Task StopRunningAsync()
    {
        if (_running is not null)
            await _running.StopAsync(services.Options.Value.StopGrace);
        _running = null;
        if (_log is not null)
            await _log.DisposeAsync();
        _log = null;
    }

    private void DeleteOldReleases(int running, int? before)
    {
        try
        {
            folder.DeleteReleasesExcept([running, before ?? running, .. services.Runs.ReleasesInUse(folder.AppId)]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The release runs; the next one tries again to tidy up.
            Log.NotDeleted(services.Logger, exception, folder.Root);
        }
    }

    private static List<InstanceStatus> Waiting(CurrentRelease release) => [.. release.Run.Processes
        .SelectMany(type => Enumerable.Range(1, Math.Max(0, type.Scale)).Select(number => new InstanceStatus
        {
            AppId = release.AppId,
            App = release.App,
            Name = $"{type.Name}.{number}",
            Process = type.Name,
            Release = release.Release,
            State = InstanceState.Starting,
        }))];

    private static StepStaleException Removed(string app) => new(DeployerTexts.Removed(app));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Starting v{Release} of {App} again")]
        public static partial void Restored(ILogger logger, string app, int release);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Old releases in {Folder} were not deleted")]
        public static partial void NotDeleted(ILogger logger, Exception exception, string folder);
    }
}
