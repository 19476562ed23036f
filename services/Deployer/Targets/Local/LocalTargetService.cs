using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Hosting;
using Paas.Hosting.Processes;

namespace Paas.Deployer.Targets.Local;

/// <summary>
/// Starts the apps with the platform and stops them with it. What a killed platform has left running is ended before
/// any other service of the host starts, and what is left at the end after all others have stopped: builds may belong
/// to the same owner. A machine's apps have one deployer at a time; a second one stands by until the first is gone.
/// </summary>
internal sealed partial class LocalTargetService(
    LocalTarget target, StandBy standBy, ProcessOwner owner, IOptions<PaasOptions> options, TimeProvider clock, ILogger<LocalTargetService> logger)
    : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private FileLock? _lock;
    private Task _standingBy = Task.CompletedTask;

    private string LockFile => Path.Combine(Path.GetFullPath(options.Value.DataDirectory), "locks", "deployer");

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LockFile)!);
        _lock = FileLock.TryTake(LockFile);
        if (_lock is not null)
            KillLeftovers();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_lock is null)
            _standingBy = StandByAsync();
        else
            Begin();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _standingBy;
        standBy.Cancel();
    }

    public Task StopAsync(CancellationToken cancellationToken) => target.StopAsync();

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_lock is not null)
            KillLeftovers();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _lock?.Dispose();
        _stopping.Dispose();
    }

    private async Task StandByAsync()
    {
        try
        {
            _lock = await FileLock.TakeAsync(LockFile, clock, () => Log.StandingBy(logger), _stopping.Token);
            KillLeftovers();
            Begin();
        }
        catch (OperationCanceledException)
        {
            Log.StoodByInVain(logger);
        }
    }

    private void Begin()
    {
        target.Restore();
        standBy.End();
    }

    private void KillLeftovers()
    {
        var killed = owner.KillLeftovers();
        if (killed > 0)
            Log.Killed(logger, killed);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Ended {Count} processes that were left running")]
        public static partial void Killed(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Information, Message = "Another deployer runs the apps of this data directory; standing by until it is gone")]
        public static partial void StandingBy(ILogger logger);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Stopped while standing by")]
        public static partial void StoodByInVain(ILogger logger);
    }
}
