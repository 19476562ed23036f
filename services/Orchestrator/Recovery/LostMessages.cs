using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging;
using Paas.Persistence;

namespace Paas.Orchestrator.Recovery;

/// <summary>
/// RabbitMQ keeps its messages; its disk may not. What has waited for too long for a message that ought to have come,
/// and has no deadline of its own, gets that message again. In vain is no harm: who has heard it already ignores it.
/// </summary>
internal sealed partial class LostMessages(IServiceScopeFactory scopes, IBus bus, TimeProvider clock, ILogger<LostMessages> logger) : BackgroundService
{
    private const int AtATime = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TellTimeout = TimeSpan.FromSeconds(20);

    /// <summary>What takes longer is not on its way any more.</summary>
    private static readonly TimeSpan LostAfter = TimeSpan.FromMinutes(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                timeout.CancelAfter(TellTimeout);
                await SendAgainAsync(timeout.Token);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Log.LookFailed(logger, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(Interval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal async Task SendAgainAsync(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        if (!await db.TryLockAsync(nameof(LostMessages), cancellation))
            return;
        var before = clock.GetUtcNow().UtcDateTime - LostAfter;
        var sent = 0;
        foreach (var id in await db.Deliveries.Where(x => x.Decision == DeliveryDecisions.Pending && x.ReceivedAt < before)
            .OrderBy(x => x.ReceivedAt).Take(AtATime).Select(x => x.Id).ToListAsync(cancellation))
        {
            await bus.PublishUncanceledAsync(new PushReceived { DeliveryId = id }, cancellation);
            sent++;
        }

        foreach (var id in await db.Deployments.Where(x => x.CurrentState == DeploymentStates.Requested && x.CreatedAt < before)
            .OrderBy(x => x.CreatedAt).Take(AtATime).Select(x => x.CorrelationId).ToListAsync(cancellation))
        {
            await bus.PublishUncanceledAsync(new DeploymentRequested { DeploymentId = id }, cancellation);
            sent++;
        }

        foreach (var id in await FindForgottenAsync(db, before, cancellation))
        {
            await bus.PublishUncanceledAsync(new TurnGranted { DeploymentId = id }, cancellation);
            sent++;
        }

        if (sent > 0)
            Log.SentAgain(logger, sent);
    }

    /// <summary>Those that wait for their turn though nobody has it.</summary>
    private static Task<List<Guid>> FindForgottenAsync(PaasDbContext db, DateTime before, CancellationToken cancellation) => db.Deployments
        .Where(waiting => waiting.CurrentState == DeploymentStates.WaitingForTurn && waiting.CreatedAt < before
            && db.Environments.Any(environment => environment.Id == waiting.EnvironmentId && environment.ActiveDeploymentId == null)
            && !db.Deployments.Any(older => older.EnvironmentId == waiting.EnvironmentId
                && older.CurrentState == DeploymentStates.WaitingForTurn && older.Sequence < waiting.Sequence))
        .Take(AtATime).Select(waiting => waiting.CorrelationId).ToListAsync(cancellation);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Sent {Count} messages again that never arrived")]
        public static partial void SentAgain(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Could not look for what waits in vain; looking again in a minute")]
        public static partial void LookFailed(ILogger logger, Exception exception);
    }
}
