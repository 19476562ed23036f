using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Hosting.Processes;

namespace Paas.Deployer.Targets.Local;

/// <summary>
/// Starts the apps with the platform and stops them with it. What a killed platform has left running is ended before
/// any other service of the host starts, and what is left at the end after all others have stopped: builds belong to
/// the same owner.
/// </summary>
internal sealed partial class LocalTargetService(LocalTarget target, ProcessOwner owner, ILogger<LocalTargetService> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        KillLeftovers();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        target.Restore();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => target.StopAsync();

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        KillLeftovers();
        return Task.CompletedTask;
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
    }
}
