using System.Globalization;
using MassTransit;
using MassTransit.Events;
using MassTransit.Metadata;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Orchestrator.Deployments;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Faults;

/// <summary>
/// Keeps the error queues of the steps and the faulted deployments the same, whatever a crash or a hand in the broker
/// has done to them: every faulted deployment has one dead message, and no dead message outlives its fault. The
/// deployments are right, and the queues follow. Messages of no deployment are left to the operator.
/// One orchestrator at a time does it.
/// </summary>
internal sealed partial class DeadMessageReconciler(
    DeadMessages dead, ErrorQueueState state, BusReadiness readiness, IBus bus, IServiceScopeFactory scopes, IOptions<FaultOptions> options,
    TimeProvider clock, ILogger<DeadMessageReconciler> logger) : BackgroundService
{
    /// <summary>How many are made anew at once; the others follow at the next look.</summary>
    private const int MostRemade = 200;

    /// <summary>Everything is looked at even if nothing seems to have changed: a hand may have exchanged one message for another.</summary>
    private static readonly TimeSpan WholeLookInterval = TimeSpan.FromMinutes(15);

    /// <summary>The lock is not held for longer, whatever the broker does: sending to one that is away waits for it.</summary>
    private static readonly TimeSpan LookTimeout = TimeSpan.FromMinutes(2);

    private readonly FaultOptions _options = options.Value;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        var nextWholeLook = clock.GetUtcNow() + WholeLookInterval;
        while (!stoppingToken.IsCancellationRequested)
        {
            var begun = clock.GetTimestamp();
            var wait = _options.Interval;
            try
            {
                if (clock.GetUtcNow() >= nextWholeLook)
                {
                    state.Forget();
                    nextWholeLook = clock.GetUtcNow() + WholeLookInterval;
                }

                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                timeout.CancelAfter(LookTimeout);
                if (!await ReconcileAsync(timeout.Token))
                    wait = _options.Delay;
            }
            catch (BrokerAwayException exception)
            {
                Log.BrokerAway(logger, exception.Message);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Postponed(logger, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var interval = Task.Delay(wait, clock, stoppingToken);
            await Task.WhenAny(interval, state.Disturbed);
            // What was told is not committed yet; and large queues are not looked at without a pause.
            var pause = clock.GetElapsedTime(begun) is var took && took * 4 > _options.Delay ? took * 4 : _options.Delay;
            if (!interval.IsCompleted)
                await Task.Delay(pause < _options.Interval ? pause : _options.Interval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <returns>False if it has to be looked at again soon.</returns>
    private async Task<bool> ReconcileAsync(CancellationToken cancellation)
    {
        state.Settle();
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        // SQLite belongs to one process, and a transaction would keep all others of it from writing.
        await using var transaction = db.Database.IsNpgsql() ? await db.Database.BeginTransactionAsync(cancellation) : null;
        if (!await db.TryLockAsync(DeadMessages.Lock, cancellation))
            return false;

        var counts = await dead.CountStepsAsync(cancellation);
        var faulted = await Faulted(db).GroupBy(x => x.Step!)
            .Select(group => new { Step = group.Key, Count = group.Count(), Newest = group.Max(x => x.FinishedAt) }).ToDictionaryAsync(x => x.Step, cancellation);
        var settled = true;
        foreach (var step in Step.InOrder)
        {
            var deployments = faulted.GetValueOrDefault(step);
            var sight = new FirstSight(counts[DeadQueues.OfStep(step)], deployments?.Count ?? 0, deployments?.Newest);
            if (sight is { Messages: 0, Faulted: 0 } || state.IsAgreed(step, sight))
                continue;
            switch (await ReconcileAsync(step, sight, scope.ServiceProvider, db, cancellation))
            {
                case Outcome.Agrees:
                    state.Agree(step, sight);
                    break;
                case Outcome.Changed:
                    settled = false;
                    break;
            }
        }

        return settled;
    }

    private async Task<Outcome> ReconcileAsync(string step, FirstSight sight, IServiceProvider services, PaasDbContext db, CancellationToken cancellation)
    {
        HashSet<Guid> present;
        List<DeadMessage> unheard;
        bool isWhole, changed, waits;
        await using (var look = await dead.LookAsync([DeadQueues.OfStep(step)], withBody: _ => false, cancellation))
        {
            isWhole = look.IsWhole;
            // Somebody else looks at some of them, or has put some there meanwhile.
            waits = isWhole && look.Messages.Count != sight.Messages;
            var kinds = await db.ClassifyAsync(look.Messages, cancellation);
            var faults = look.Messages.Where(message => kinds[message] == DeadMessageKind.Fault).ToLookup(message => message.DeploymentId!.Value);
            present = [.. faults.Select(fault => fault.Key)];
            unheard = [.. look.Messages.Where(message => kinds[message] == DeadMessageKind.Unheard)];
            var stale = look.Messages.Where(message => kinds[message] == DeadMessageKind.Stale).ToList();
            // Of duplicates, the one that tells most is kept: what a worker put there.
            var doubled = faults.SelectMany(fault => fault.OrderBy(message => message.IsRemade).Skip(1)).ToList();
            await look.RemoveAsync([.. stale, .. doubled], cancellation);
            changed = stale.Count + doubled.Count > 0;
            foreach (var message in stale)
                Log.RemovedStale(logger, message.Queue, message.DeploymentId!.Value, message.Attempt!.Value);
            foreach (var message in doubled)
                Log.RemovedDouble(logger, message.Queue, message.DeploymentId!.Value, message.Attempt!.Value);
        }

        waits |= unheard.Count > 0;
        foreach (var message in unheard)
            await TellAsync(message, cancellation);
        // Where there are too many to see them all, none is taken for missing.
        if (isWhole)
        {
            var before = clock.GetUtcNow().UtcDateTime - _options.MissingAfter;
            var missing = (await Faulted(db).Where(x => x.Step == step).Select(x => new { x.CorrelationId, x.FinishedAt }).ToListAsync(cancellation))
                .Where(x => !present.Contains(x.CorrelationId)).ToList();
            waits |= missing.Any(x => x.FinishedAt > before);
            foreach (var deployment in missing.Where(x => !(x.FinishedAt > before)).Take(MostRemade))
                changed |= await RemakeAsync(deployment.CorrelationId, services, db, cancellation);
        }

        return changed ? Outcome.Changed : waits ? Outcome.Waits : Outcome.Agrees;
    }

    /// <summary>Tells again of a fault that was not heard: its telling got lost, or the message could not be read at all.</summary>
    private async Task TellAsync(DeadMessage message, CancellationToken cancellation)
    {
        if (message.At > clock.GetUtcNow().UtcDateTime - _options.UnheardAfter)
            return;
        var command = new UnheardCommand { DeploymentId = message.DeploymentId!.Value, Step = message.Step!, Attempt = message.Attempt!.Value };
        var reason = message.Reason ?? "";
        var exception = new FaultExceptionInfo
        {
            ExceptionType = message.ExceptionType ?? "",
            Message = IsUnreadable(message.ExceptionType) ? OrchestratorTexts.Unreadable(reason) : reason,
            StackTrace = "",
            Source = "",
        };
        await bus.PublishUncanceledAsync<Fault<IStepCommand>>(
            new FaultEvent<IStepCommand>(command, message.Id, HostMetadataCache.Host, new ExceptionInfo[] { exception }, [MessageUrn.ForTypeString<IStepCommand>()]), cancellation);
        Log.ToldAgain(logger, message.Queue, command.DeploymentId, command.Attempt);
    }

    /// <summary>Makes the dead message of a faulted deployment that has none, from what the saga knows.</summary>
    private async Task<bool> RemakeAsync(Guid id, IServiceProvider services, PaasDbContext db, CancellationToken cancellation)
    {
        // It may have been replayed meanwhile.
        if (await db.Deployments.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == id && x.CurrentState == DeploymentStates.Faulted, cancellation)
            is not { } deployment)
            return false;
        IStepCommand command;
        try
        {
            command = await services.GetRequiredService<StepCommands>().ForAsync(deployment, cancellation);
        }
        catch (InvalidOperationException exception)
        {
            Log.NotRemade(logger, id, deployment.Step!, exception.Message);
            return false;
        }

        await bus.SendUncanceledAsync(DeadQueues.AddressOf(command.Step), command, command.GetType(), cancellation, send =>
        {
            send.Headers.Set(MessageHeaders.Reason, "fault");
            send.Headers.Set(MessageHeaders.FaultExceptionType, deployment.ExceptionType ?? deployment.FailureReason);
            send.Headers.Set(MessageHeaders.FaultMessage, deployment.FailureMessage);
            send.Headers.Set(MessageHeaders.FaultTimestamp, (deployment.FinishedAt ?? deployment.CreatedAt).ToString("O", CultureInfo.InvariantCulture));
            send.Headers.Set(MessageHeaders.FaultInputAddress, Endpoints.For(command.Step).ToString());
            send.Headers.Set(MessageHeaders.FaultMessageType, MessageUrn.ForTypeString(command.GetType()));
            send.Headers.Set(DeadMessage.RemadeHeader, clock.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        });
        Log.Remade(logger, command.Step, id, command.Attempt);
        return true;
    }

    private static IQueryable<DeploymentState> Faulted(PaasDbContext db) => db.Deployments.AsNoTracking()
        .Where(x => x.CurrentState == DeploymentStates.Faulted && x.Step != null && db.Apps.Any(app => app.Id == x.AppId));

    private static bool IsUnreadable(string? exceptionType) =>
        exceptionType is not null && (exceptionType.Contains("Json", StringComparison.Ordinal) || exceptionType.Contains("Serialization", StringComparison.Ordinal));

    private enum Outcome
    {
        Agrees,

        /// <summary>Something is not as it should be yet, and may become so by itself.</summary>
        Waits,
        Changed,
    }

    /// <summary>As much of a command as the saga needs to hear of its fault.</summary>
    private sealed record UnheardCommand : IStepCommand
    {
        public required Guid DeploymentId { get; init; }
        public required string Step { get; init; }
        public required int Attempt { get; init; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Removed from {Queue} what deployment {DeploymentId}, attempt {Attempt}, no longer waits for")]
        public static partial void RemovedStale(ILogger logger, string queue, Guid deploymentId, int attempt);

        [LoggerMessage(Level = LogLevel.Information, Message = "Removed from {Queue} the second message of deployment {DeploymentId}, attempt {Attempt}")]
        public static partial void RemovedDouble(ILogger logger, string queue, Guid deploymentId, int attempt);

        [LoggerMessage(Level = LogLevel.Information, Message = "Put the missing message of deployment {DeploymentId}, {Step}, attempt {Attempt}, into its error queue")]
        public static partial void Remade(ILogger logger, string step, Guid deploymentId, int attempt);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The message of deployment {DeploymentId}, faulted in {Step}, is missing and can't be made anew: {Reason}")]
        public static partial void NotRemade(ILogger logger, Guid deploymentId, string step, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Told deployment {DeploymentId} again that its attempt {Attempt} lies in {Queue}")]
        public static partial void ToldAgain(ILogger logger, string queue, Guid deploymentId, int attempt);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The error queues can't be looked at now: {Reason}")]
        public static partial void BrokerAway(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Could not compare the error queues with the deployments; doing it again soon")]
        public static partial void Postponed(ILogger logger, Exception exception);
    }
}
