using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets.Output;
using Paas.Hosting;
using Paas.Hosting.Processes;
using Paas.Hosting.Secrets;

namespace Paas.Deployer.Targets.Local;

/// <summary>
/// Runs as processes of this machine. Like all processes of the target they end with the platform, and unlike the
/// instances of a release they are not started again: a run that was begun is never begun a second time.
/// </summary>
internal sealed class LocalRuns(
    Instances instances, SecretSealer sealer, IOptions<PaasOptions> paas, IOptions<DeployerOptions> options, TimeProvider clock) : IRuns
{
    private const int OverTime = 124, NotFound = 127;
    private const int KeptOfAnApp = 50;

    // Output may be data that somebody saves: three times as much as of an app's log, and not slowed down to its share.
    private const int MaxFileBytes = 15 * 1024 * 1024, MaxBytesPerSecond = 16 * 1024 * 1024;

    private readonly string _folder = Path.Combine(Path.GetFullPath(paas.Value.DataDirectory), Target.Local);
    private readonly ConcurrentDictionary<Guid, UnderWay> _underWay = new();
    private readonly ConcurrentDictionary<Guid, Lock> _turns = new();
    private volatile bool _isStopping;

    public string Name => Target.Local;

    public Task<RunStatus> StartAsync(StartRun command, CancellationToken cancellation)
    {
        lock (_turns.GetOrAdd(command.AppId, _ => new Lock()))
        {
            var app = new AppFolder(_folder, command.AppId);
            var run = LocalRun.Of(app, command.RunId);
            if (!run.IsKnown)
                Start(command, app, run);
            return Task.FromResult(run.Status(_underWay.ContainsKey));
        }
    }

    public Task<IReadOnlyList<RunStatus>> ListAsync(Guid appId, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<RunStatus>>(
        [.. LocalRun.All(new AppFolder(_folder, appId)).Select(run => run.Status(_underWay.ContainsKey)).OrderByDescending(run => run.CreatedAt)]);

    public Task StopAsync(Guid appId, Guid runId, CancellationToken cancellation) =>
        _underWay.TryGetValue(runId, out var run) ? run.StopAsync(interrupted: false) : Task.CompletedTask;

    public Task<ILogSource?> OutputOfAsync(Guid appId, RunStatus run, CancellationToken cancellation)
    {
        var found = LocalRun.Of(new AppFolder(_folder, appId), run.RunId);
        return Task.FromResult<ILogSource?>(found.IsKnown
            ? new FileLog(found.OutputFile, run.Name, () => run.State == RunStates.Ended || !_underWay.ContainsKey(run.RunId), clock)
            : null);
    }

    /// <summary>Ends all runs of an app, which is removed.</summary>
    public Task EndAsync(Guid appId)
    {
        // Whoever had its turn before has started something, and whoever comes after finds the tombstone.
        lock (_turns.GetOrAdd(appId, _ => new Lock()))
            return Task.WhenAll(_underWay.Values.Where(run => run.AppId == appId).Select(run => run.StopAsync(interrupted: false)));
    }

    /// <summary>Ends all runs of all apps, since the platform ends.</summary>
    public Task EndAllAsync()
    {
        _isStopping = true;
        return Task.WhenAll(_underWay.Values.Select(run => run.StopAsync(interrupted: true)));
    }

    /// <summary>The releases whose folders are needed by runs.</summary>
    public IEnumerable<int> ReleasesInUse(Guid appId) => _underWay.Values.Where(run => run.AppId == appId).Select(run => run.Release);

    public async Task<DateTimeOffset?> TidyAsync(CancellationToken cancellation)
    {
        DateTimeOffset? next = null;
        foreach (var app in AppFolder.All(_folder))
        {
            var ended = (await ListAsync(app.AppId, cancellation)).Where(run => run.State == RunStates.Ended).ToList();
            foreach (var (index, run) in ended.Index())
            {
                var due = (run.FinishedAt ?? run.CreatedAt) + options.Value.KeepRuns;
                if (index >= KeptOfAnApp || due <= clock.GetUtcNow().UtcDateTime)
                    FolderDeletion.Delete(LocalRun.Of(app, run.RunId).Root);
                else
                    next = next < due ? next : due;
            }
        }

        // One that is under way ends by itself, and is to be removed some time later.
        return next ?? (_underWay.IsEmpty ? null : clock.GetUtcNow() + options.Value.KeepRuns);
    }

    private void Start(StartRun command, AppFolder app, LocalRun run)
    {
        if (app.IsRemoved)
            throw new RunRefusedException(DeployerTexts.Removed(command.App));
        if (_isStopping)
            throw new OperationCanceledException();
        if (app.ReadCurrent() is not { } release || app.Release(release.Release) is var folder && !Directory.Exists(folder.Slug))
            throw new RunRefusedException(DeployerTexts.NoReleaseHere(command.App));
        if (_underWay.Values.Count(other => other.AppId == command.AppId) >= options.Value.MaxRuns)
            throw new RunRefusedException(DeployerTexts.TooManyRuns(command.App, options.Value.MaxRuns));
        var record = new RunRecord
        {
            RunId = command.RunId,
            Name = RunName.Choose(command.RunId, LocalRun.All(app).Select(other => other.Status(_underWay.ContainsKey).Name)),
            Command = command.Command,
            Release = release.Release,
            CreatedAt = clock.GetUtcNow().UtcDateTime,
            TimeLimit = command.TimeLimit,
        };
        run.Begin(record);
        var log = new AppLog(run.OutputFile, clock, MaxFileBytes, MaxBytesPerSecond);
        ChildProcess process;
        try
        {
            process = instances.StartRun(release, folder, command.Command, sealer.OpenAll(command.SealedVariables), new ChildProcessStart
            {
                Command = "",
                WorkingDirectory = folder.Slug,
                Environment = new Dictionary<string, string>(),
                BelongsTo = $"command-{command.RunId:N}",
                OnLine = line => log.Write(FileLog.StandardOutput, line),
                OnErrorLine = line => log.Write(FileLog.StandardError, line),
            });
        }
        catch (Exception exception)
        {
            _ = log.DisposeAsync().AsTask();
            if (exception is not CommandNotFoundException missing)
            {
                FolderDeletion.Delete(run.Root);
                throw;
            }

            run.End(End(NotFound, RunEnds.CommandNotFound, DeployerTexts.RunCommandNotFound(missing.Command)));
            return;
        }

        var underWay = new UnderWay(command.AppId, release.Release, process);
        _underWay[command.RunId] = underWay;
        _ = EndAsync(record, run, underWay, log);
    }

    private async Task EndAsync(RunRecord record, LocalRun run, UnderWay underWay, AppLog log)
    {
        await Task.Yield();
        var process = underWay.Process;
        using var ended = new CancellationTokenSource();
        var limit = Task.Delay(record.TimeLimit, clock, ended.Token);
        var first = await Task.WhenAny(process.Exited, limit, underWay.StopAsked);
        await ended.CancelAsync();
        var isOverTime = first == limit;
        if (first != process.Exited)
            await process.StopAsync(options.Value.StopGrace);
        var exitCode = await process.Exited;
        await process.DisposeAsync();
        await log.DisposeAsync();
        try
        {
            run.End(isOverTime ? End(OverTime, RunEnds.TimedOut, DeployerTexts.RunTimedOut(record.Name, record.TimeLimit))
                : underWay.IsInterrupted ? End(exitCode, RunEnds.Interrupted, DeployerTexts.RunInterrupted(record.Name))
                : End(exitCode, null, null));
        }
        catch (IOException)
        {
            // Its app was removed; or the disk is full, and it counts as interrupted.
        }

        _underWay.TryRemove(record.RunId, out _);
        underWay.End();
    }

    private RunEnd End(int exitCode, string? reason, string? message) =>
        new() { ExitCode = exitCode, Reason = reason, Message = message, FinishedAt = clock.GetUtcNow().UtcDateTime };

    /// <summary>A run of this process.</summary>
    private sealed class UnderWay(Guid appId, int release, ChildProcess process)
    {
        private readonly TaskCompletionSource _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _isInterrupted;

        public Guid AppId => appId;
        public int Release => release;
        public ChildProcess Process => process;
        public bool IsInterrupted => _isInterrupted;
        public Task StopAsked => _stopAsked.Task;

        /// <summary>All that is to be told of it is written.</summary>
        public void End() => _ended.TrySetResult();

        public Task StopAsync(bool interrupted)
        {
            _isInterrupted |= interrupted;
            _stopAsked.TrySetResult();
            return _ended.Task;
        }
    }
}
