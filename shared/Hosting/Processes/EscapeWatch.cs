using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Paas.Hosting.Processes;

/// <summary>Looks for processes that got away, where there are no walls. For a process that is the platform, and nothing else.</summary>
public sealed partial class EscapeWatch(Sandbox sandbox, ProcessOwner owner, TimeProvider clock, ILogger<EscapeWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (sandbox.State.IsOn)
            return Task.CompletedTask;
        EscapedProcesses.Watch();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (EscapedProcesses.End(owner) is > 0 and var ended)
                Log.Ended(logger, ended);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Ended {Count} processes of an app or a build that had left their parent and cleared their variables")]
        public static partial void Ended(ILogger logger, int count);
    }
}
