using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Deployer.Targets.Local;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// Stops a container that has written more into its own file system than it may, and says so in its log. Some engines
/// have a limit for that, and most have none: their disk would be full for all apps.
/// </summary>
internal sealed partial class DiskWatch(
    EngineClient engine, StandBy standBy, IOptions<DeployerOptions> options, TimeProvider clock, ILogger<DiskWatch> logger) : BackgroundService
{
    /// <summary>The engine counts files: it does nothing else for a twentieth of the time at most.</summary>
    private const int RestPerWork = 20;

    private static readonly TimeSpan WordTime = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await standBy.HasApps.WaitAsync(stoppingToken);
            while (true)
            {
                var started = clock.GetTimestamp();
                try
                {
                    await LookAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is EngineException or EngineUnreachableException)
                {
                    Log.NotMeasured(logger, exception);
                }

                var rest = clock.GetElapsedTime(started) * RestPerWork;
                await Task.Delay(rest > options.Value.DiskInterval ? rest : options.Value.DiskInterval, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The containers go on.
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        var limit = options.Value.AppDisk * 1024L * 1024;
        foreach (var container in await engine.MeasureContainersAsync(ImageLabels.App, cancellation))
        {
            if (container.SizeRw > limit && container.Names is [var name, ..] && (AppContainers.IsInstance(name, container.Labels) || RunContainer.IsRun(name, container.Labels)))
                await StopAsync(container, name.TrimStart('/'), container.SizeRw.Value, cancellation);
        }
    }

    private async Task StopAsync(ContainerSummary container, string name, long size, CancellationToken cancellation)
    {
        var text = DeployerTexts.TooMuchWritten(name, size, options.Value.AppDisk);
        Log.Stopped(logger, text);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(WordTime);
        try
        {
            // Where its init process writes is the container's log. An image without a shell does not say it there.
            await engine.ReadWithinAsync(container.Id, ["/bin/sh", "-c", "echo \"$1\" >/proc/1/fd/2", "sh", text], limit.Token);
        }
        catch (Exception exception) when (exception is EngineUnreachableException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            // It was not said there; the platform's log has it.
        }

        await engine.StopContainerAsync(container.Id, options.Value.StopGrace, cancellation);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Text}")]
        public static partial void Stopped(ILogger logger, string text);

        [LoggerMessage(Level = LogLevel.Warning, Message = "It is not known how much containers have written; the next look tells")]
        public static partial void NotMeasured(ILogger logger, Exception exception);
    }
}
