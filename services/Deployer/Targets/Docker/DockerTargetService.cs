using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Deployer.Targets.Local;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// Listens to the engine: at the start, whenever it is back, and when a container of an app starts or ends, the router
/// is told again where the app is. Only one deployer does so, the one that gets commands.
/// </summary>
internal sealed partial class DockerTargetService(
    DockerTarget target, EngineClient engine, StandBy standBy, TimeProvider clock, ILogger<DockerTargetService> logger) : BackgroundService
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);

    // What happened while the list was read is told again.
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(30);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await target.StopAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await standBy.HasApps.WaitAsync(stoppingToken);
            while (true)
            {
                try
                {
                    await ListenAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is EngineException or EngineUnreachableException)
                {
                    Log.Away(logger, exception, Delay);
                }

                await Task.Delay(Delay, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            Log.Stopped(logger);
        }
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        var since = clock.GetUtcNow() - Overlap;
        await target.LookAtAllAsync(cancellation);
        await foreach (var app in engine.ListenAsync(ImageLabels.App, AppContainers.Names, since, cancellation))
        {
            if (Guid.TryParse(app, out var id))
                target.Look(id);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The engine's apps can't be watched; next try in {Delay}")]
        public static partial void Away(ILogger logger, Exception exception, TimeSpan delay);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The engine's apps are not watched any more; they go on")]
        public static partial void Stopped(ILogger logger);
    }
}
