using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets;
using Paas.Deployer.Targets.Local;
using Paas.Hosting.Messaging;

namespace Paas.Deployer;

/// <summary>
/// Looks how all instances are, again and again, and tells the orchestrator of apps that crash again and again. It keeps
/// nothing: after a restart it tells again, and the orchestrator knows what it has heard.
/// </summary>
internal sealed partial class InstanceWatch(
    IEnumerable<IInstanceStates> targets, StandBy standBy, PatientSender sender, IOptions<DeployerOptions> options, TimeProvider clock, ILogger<InstanceWatch> logger) : BackgroundService
{
    private readonly List<(IInstanceStates Target, CrashDetector Detector)> _targets =
        [.. targets.Select(target => (target, new CrashDetector(options.Value.StableAfter)))];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await standBy.HasApps.WaitAsync(stoppingToken);
            using var timer = new PeriodicTimer(options.Value.InstanceWatch, clock);
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await Task.WhenAll(_targets.Select(watched => LookAsync(watched.Target, watched.Detector, stoppingToken)));
        }
        catch (OperationCanceledException)
        {
            // Who takes over looks after them.
        }
    }

    private async Task LookAsync(IInstanceStates target, CrashDetector detector, CancellationToken cancellation)
    {
        try
        {
            foreach (var (appId, news) in detector.Look(await target.FindInstancesAsync(appId: null, withLastLines: false, cancellation), clock.GetUtcNow().UtcDateTime).GroupBy(told => told.AppId).Select(told => (told.Key, told)))
            {
                // Only now, since it has to be read from the log.
                var lines = news.Any(told => told.Kind == AppEventKind.CrashLooping) ? await target.FindInstancesAsync(appId, withLastLines: true, cancellation) : [];
                foreach (var told in news)
                    await sender.SendAsync(Endpoints.AppEvents, told with { LastLine = lines.FirstOrDefault(instance => instance.Name == told.Instance)?.LastLine });
            }
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            Log.NotLooked(logger, exception, target.Name);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "How the instances of the target {Target} are could not be told")]
        public static partial void NotLooked(ILogger logger, Exception exception, string target);
    }
}
