using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Local;

/// <summary>What every part of one release needs to know.</summary>
internal sealed record ReleaseParts(
    CurrentRelease Release, ReleaseFolder Folder, AppLog Log, Instances Instances, HealthProbe Probe, IOptions<DeployerOptions> Options, TimeProvider Clock);

/// <summary>
/// The place of one instance, such as <c>web.1</c>: starts what belongs there, and starts it again when it ends.
/// </summary>
internal sealed class Slot(ReleaseParts parts, ProcessType type, int number)
{
    private volatile IInstance? _instance;
    private volatile Uri? _address;
    private volatile bool _healthy;
    private volatile SlotHistory _history = new(null, 0, null);

    public string Name { get; } = $"{type.Name}.{number}";

    public bool IsWeb => type.Name == ProcessType.Web;

    public bool IsHealthy => _healthy && _instance is { Left.IsCompleted: false };

    /// <summary>Where it answers, while it does.</summary>
    public Uri? Address => IsHealthy ? _address : null;

    public bool HasLeft => _instance is null or { Left.IsCompleted: true };

    /// <summary>The exit code of the instance, once it has ended.</summary>
    public Task<int> Ended => _instance?.Ended ?? Task.FromResult(0);

    public IReadOnlyList<string> LastLines => _instance?.LastLines ?? [];

    /// <summary>How it is at the moment.</summary>
    public InstanceStatus Status
    {
        get
        {
            var (since, restarts, end) = _history;
            return new InstanceStatus
            {
                AppId = parts.Release.AppId,
                App = parts.Release.App,
                Name = Name,
                Process = type.Name,
                Release = parts.Release.Release,
                State = IsHealthy ? InstanceState.Running : _instance is { Ended.IsCompleted: false } || end is null ? InstanceState.Starting : InstanceState.Restarting,
                Since = since,
                Restarts = restarts,
                LastExitCode = end?.ExitCode,
                Reason = end?.Reason,
                LastExitAt = end?.At,
                LastLine = LastLines is [.., var line] ? line : end?.LastLine,
            };
        }
    }

    /// <summary>Starts the instance and waits until it is healthy.</summary>
    /// <exception cref="StepFailedException">It is not; the message says why.</exception>
    public async Task StartAsync(Action<string> warn, CancellationToken cancellation)
    {
        try
        {
            _instance = await parts.Instances.StartAsync(parts.Release, parts.Folder, type, number, parts.Log, cancellation);
        }
        catch (CommandNotFoundException missing)
        {
            throw new StepFailedException(FailureReason.AppExited, DeployerTexts.CommandNotFound(Name, missing.Command));
        }

        Note(history => history with { Since = Now });
        if (IsWeb)
        {
            var host = parts.Instances.HostOf(parts.Release.App);
            _address = await parts.Probe.WaitUntilAnsweringAsync(_instance, Name, host, parts.Release.Run.Health, warn, cancellation);
        }
        else
        {
            await parts.Probe.WaitUntilStableAsync(_instance, Name, TimeSpan.Zero, cancellation);
        }

        _healthy = true;
        Note(history => history with { Since = Now });
    }

    /// <summary>Keeps an instance running, until it is canceled.</summary>
    /// <param name="changed">Called when <see cref="Address"/> has changed.</param>
    /// <param name="cancellation">Ends the watch, not the instance.</param>
    public async Task SuperviseAsync(Action changed, CancellationToken cancellation)
    {
        var options = parts.Options.Value;
        var delay = options.RestartDelay;
        while (!cancellation.IsCancellationRequested)
        {
            var since = parts.Clock.GetTimestamp();
            string problem;
            int? exitCode = null;
            try
            {
                if (_instance is null)
                {
                    if (_history.End is not null)
                        Note(history => history with { Restarts = history.Restarts + 1 });
                    await StartAsync(warning => parts.Log.Write(AppLog.Platform, warning), cancellation);
                    parts.Log.Write(AppLog.Platform, DeployerTexts.Started(Name));
                    changed();
                }

                exitCode = await _instance!.Ended.WaitAsync(cancellation);
                problem = DeployerTexts.Exited(Name, exitCode.Value);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Whatever it is, the user's or the platform's, it may be over at the next try.
                problem = exception.Message;
            }

            _healthy = false;
            exitCode ??= _instance is { Ended.IsCompletedSuccessfully: true } ended ? await ended.Ended : null;
            var lastLine = LastLines is [.., var line] ? line : null;
            Note(history => history with { Since = Now, End = new SlotEnd(Now, exitCode, problem, lastLine) });
            changed();
            if (parts.Clock.GetElapsedTime(since) >= options.StableAfter)
                delay = options.RestartDelay;
            parts.Log.Write(AppLog.Platform, DeployerTexts.StartedAgainIn(problem, delay));
            await StopAsync(TimeSpan.Zero);
            await Task.Delay(delay, parts.Clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < options.MaxRestartDelay ? delay * 2 : options.MaxRestartDelay;
        }
    }

    private DateTime Now => parts.Clock.GetUtcNow().UtcDateTime;

    // Only one at a time starts, watches or stops what is in the place.
    private void Note(Func<SlotHistory, SlotHistory> change) => _history = change(_history);

    /// <summary>Ends the instance and what it has left behind. Not while it is supervised.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        _healthy = false;
        if (_instance is not { } instance)
            return;
        if (grace > TimeSpan.Zero)
            await instance.StopAsync(grace);
        await instance.DisposeAsync();
        _instance = null;
    }
}

/// <summary>What has happened in the place of an instance.</summary>
/// <param name="Since">Since when it is as it is.</param>
/// <param name="Restarts">How often it was started again.</param>
/// <param name="End">How it ended the last time; null if it never has.</param>
internal sealed record SlotHistory(DateTime? Since, int Restarts, SlotEnd? End);

/// <summary>How an instance ended by itself.</summary>
/// <param name="At">When.</param>
/// <param name="ExitCode">Null if it could not be started.</param>
/// <param name="Reason">A sentence.</param>
/// <param name="LastLine">The last it had printed.</param>
internal sealed record SlotEnd(DateTime At, int? ExitCode, string Reason, string? LastLine);
