using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Deployer.Targets;
using Paas.Deployer.Targets.Local;

namespace Paas.Deployer;

/// <summary>
/// Starts runs, and ends those that are over their time limit: also those that a deployer before this one
/// has started, since all that is to be known of a run stands with the run.
/// </summary>
internal sealed partial class RunKeeper(IEnumerable<IRuns> targets, StandBy standBy, TimeProvider clock, ILogger<RunKeeper> logger) : BackgroundService
{
    /// <summary>Somebody else may have changed something.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    /// <summary>After a failure, and so that clocks that do not quite agree do not keep it busy.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, IRuns> _targets = targets.ToDictionary(target => target.Name, StringComparer.Ordinal);
    private readonly SemaphoreSlim _started = new(0, 1);

    /// <exception cref="RunRefusedException">There is none of that name here.</exception>
    public IRuns TargetOf(string name) =>
        _targets.GetValueOrDefault(name) ?? throw new RunRefusedException(DeployerTexts.UnknownTarget(name, _targets.Keys));

    public async Task<RunStatus> StartAsync(StartRun command, CancellationToken cancellation)
    {
        var run = await TargetOf(command.Target).StartAsync(command, cancellation);
        try
        {
            _started.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is about to look anyway.
        }

        return run;
    }

    public override void Dispose()
    {
        base.Dispose();
        _started.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await standBy.HasApps.WaitAsync(stoppingToken);
            while (true)
                await _started.WaitAsync(await TidyAsync(stoppingToken), stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // Runs go on without; who takes over looks after them.
        }
    }

    /// <returns>How long nothing will be to do.</returns>
    private async Task<TimeSpan> TidyAsync(CancellationToken cancellation)
    {
        var wait = LongestWait;
        foreach (var target in _targets.Values)
        {
            try
            {
                if (await target.TidyAsync(cancellation) is { } next && next - clock.GetUtcNow() is var time && time < wait)
                    wait = time;
            }
            catch (Exception exception) when (!cancellation.IsCancellationRequested)
            {
                Log.NotTidied(logger, exception, target.Name);
                wait = ShortestWait;
            }
        }

        return wait > ShortestWait ? wait : ShortestWait;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The runs of the target {Target} could not be looked after; next try in a second")]
        public static partial void NotTidied(ILogger logger, Exception exception, string target);
    }
}
