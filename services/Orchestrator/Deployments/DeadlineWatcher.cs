using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Persistence;

namespace Paas.Orchestrator.Deployments;

/// <summary>
/// Looks for deployments whose deadline has passed and tells them. Of several orchestrators one looks at a time; should
/// two tell, the saga hears only the first. It also forgets messages that were consumed long ago.
/// </summary>
internal sealed partial class DeadlineWatcher(
    IServiceScopeFactory scopes, IBus bus, TimeProvider clock, ILogger<DeadlineWatcher> logger) : BackgroundService
{
    private static readonly TimeSpan MaxSleep = TimeSpan.FromSeconds(5);
    /// <summary>With the broker away another orchestrator may have more luck.</summary>
    private static readonly TimeSpan TellTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PurgeInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan InboxAge = TimeSpan.FromDays(7);
    private DateTimeOffset _nextPurge;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var sleep = MaxSleep;
            try
            {
                var next = await ExpireAsync(stoppingToken);
                if (next is { } deadline && deadline - clock.GetUtcNow().UtcDateTime is var left && left < sleep)
                    sleep = left > TimeSpan.FromMilliseconds(100) ? left : TimeSpan.FromMilliseconds(100);
                await PurgeAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Log.LookFailed(logger, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(sleep, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Tells every deployment whose deadline has passed.</summary>
    /// <returns>The next deadline that is still to come.</returns>
    private async Task<DateTime?> ExpireAsync(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        var now = clock.GetUtcNow().UtcDateTime;
        var first = await db.Deployments.Where(x => x.Deadline != null).MinAsync(x => x.Deadline, cancellation);
        if (first is null || first > now)
            return first;

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(TellTimeout);
        await TellExpiredAsync(db, now, timeout.Token);
        return await db.Deployments.Where(x => x.Deadline > now).MinAsync(x => x.Deadline, cancellation);
    }

    private async Task TellExpiredAsync(PaasDbContext db, DateTime now, CancellationToken cancellation)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        if (!await db.TryLockAsync(nameof(DeadlineWatcher), cancellation))
            return;
        var expired = await db.Deployments.AsNoTracking().Where(x => x.Deadline != null && x.Deadline <= now).OrderBy(x => x.Deadline).Take(100)
            .Select(x => new { x.CorrelationId, x.Step, x.Attempt }).ToListAsync(cancellation);
        foreach (var step in expired)
        {
            await bus.PublishUncanceledAsync(
                new StepDeadlineExpired { DeploymentId = step.CorrelationId, Step = step.Step!, Attempt = step.Attempt }, cancellation);
        }
    }

    private async Task PurgeAsync(CancellationToken cancellation)
    {
        if (clock.GetUtcNow() < _nextPurge)
            return;
        _nextPurge = clock.GetUtcNow() + PurgeInterval;
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        var before = clock.GetUtcNow().UtcDateTime - InboxAge;
        await db.InboxMessages.Where(x => x.ConsumedAt < before).ExecuteDeleteAsync(cancellation);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Could not look for expired deadlines; looking again soon")]
        public static partial void LookFailed(ILogger logger, Exception exception);
    }
}
