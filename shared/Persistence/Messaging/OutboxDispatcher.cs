using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using MassTransit;
using MassTransit.Middleware;
using MassTransit.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Hosting.Messaging;

namespace Paas.Persistence.Messaging;

/// <summary>
/// Sends the messages that were stored outside of a consumer as soon as their transaction is committed, and looks
/// from time to time for any that a crash or a broker that is down has left behind. A message may be sent twice, with
/// the same id, by which whoever consumes it knows it.
/// </summary>
public sealed partial class OutboxDispatcher(
    IBus bus, BusReadiness readiness, StuckSends stuck, IServiceScopeFactory scopes, TimeProvider clock, ILogger<OutboxDispatcher> logger) : BackgroundService
{
    private const int SweepSize = 100;

    /// <summary>What does not fit is in the database, and found there by the sweep.</summary>
    private const int MaxCommitted = 1_000;

    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    /// <summary>What is younger is still being sent by whoever stored it; what is older is not any more.</summary>
    private static readonly TimeSpan LeftBehindAfter = TimeSpan.FromSeconds(10);

    /// <summary>For how long a send is waited for at a time: the sweep holds rows meanwhile.</summary>
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A send that was under way when the connection was lost may never end.</summary>
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(60);

    private readonly Channel<Committed> _committed = Channel.CreateBounded<Committed>(
        new BoundedChannelOptions(MaxCommitted) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>What was not confirmed in time and may be yet: it is waited for, not sent twice.</summary>
    private readonly Dictionary<Guid, UnderWay> _underWay = [];

    private bool _isStuck;

    internal void Deliver(IReadOnlyList<OutboxMessage> committed) => _committed.Writer.TryWrite(new Committed(committed, clock.GetTimestamp()));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await readiness.WaitAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        var nextSweep = clock.GetUtcNow();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (clock.GetUtcNow() >= nextSweep)
                {
                    while (await SweepAsync(stoppingToken) == SweepSize)
                    {
                    }

                    nextSweep = clock.GetUtcNow() + SweepInterval;
                }

                using var wait = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                wait.CancelAfter(SweepInterval);
                if (await HasCommittedAsync(wait.Token))
                    await DeliverCommittedAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Postponed(logger, exception);
                nextSweep = clock.GetUtcNow();
                await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken));
            }
            catch (Exception exception)
            {
                Log.Stopped(logger, exception);
                return;
            }
        }
    }

    internal static Task RemoveAsync(PaasDbContext db, IReadOnlyList<OutboxMessage> messages, CancellationToken cancellation)
    {
        if (messages.Count == 0)
            return Task.CompletedTask;
        var sent = messages.Select(message => message.SequenceNumber).ToList();
        return db.OutboxMessages.Where(message => sent.Contains(message.SequenceNumber)).ExecuteDeleteAsync(cancellation);
    }

    private async ValueTask<bool> HasCommittedAsync(CancellationToken cancellation)
    {
        try
        {
            return await _committed.Reader.WaitToReadAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task DeliverCommittedAsync(CancellationToken cancellation)
    {
        var messages = new List<OutboxMessage>();
        while (messages.Count < SweepSize && _committed.Reader.TryRead(out var committed))
        {
            // What has waited for too long is the sweep's, of whichever process; and so is all while the broker is away.
            if (_underWay.Count == 0 && clock.GetElapsedTime(committed.At) < LeftBehindAfter)
                messages.AddRange(committed.Messages);
        }

        var (sent, failure) = await SendAsync(messages, cancellation);
        await using (var scope = scopes.CreateAsyncScope())
            await RemoveAsync(scope.ServiceProvider.GetRequiredService<PaasDbContext>(), sent, CancellationToken.None);
        failure?.Throw();
    }

    /// <summary>Sends everything that is stored; for the start of a process that nobody shares the database with.</summary>
    public async Task SweepAllAsync(CancellationToken cancellation)
    {
        while (await SweepAsync(cancellation, TimeSpan.Zero) == SweepSize)
        {
        }
    }

    /// <summary>Sends what was left behind, in the order in which it was stored.</summary>
    private async Task<int> SweepAsync(CancellationToken cancellation, TimeSpan? leftBehindAfter = null)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        var before = clock.GetUtcNow().UtcDateTime - (leftBehindAfter ?? LeftBehindAfter);
        if (!await db.OutboxMessages.AnyAsync(message => message.CreatedAt < before, cancellation))
        {
            Mark(isStuck: false);
            return 0;
        }

        // On PostgreSQL several dispatchers share the work: each takes rows that no other has locked.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var left = db.Database.IsNpgsql()
            ? db.OutboxMessages.FromSql($"SELECT * FROM outbox_messages WHERE created_at < {before} ORDER BY sequence_number LIMIT {SweepSize} FOR UPDATE SKIP LOCKED")
            : db.OutboxMessages.Where(message => message.CreatedAt < before).OrderBy(message => message.SequenceNumber).Take(SweepSize);
        var messages = await left.AsNoTracking().ToListAsync(cancellation);
        var (sent, failure) = await SendAsync(messages, cancellation);
        await RemoveAsync(db, sent, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        if (sent.Count > 0)
            Log.Swept(logger, sent.Count);
        failure?.Throw();
        return messages.Count;
    }

    /// <summary>All at once: each waits for the broker's confirmation, and one after the other they could fall behind.</summary>
    /// <returns>Those that were sent, to be removed, and why there are not more.</returns>
    private async Task<(IReadOnlyList<OutboxMessage> Sent, ExceptionDispatchInfo? Failure)> SendAsync(
        List<OutboxMessage> messages, CancellationToken cancellation)
    {
        var sends = Begin(messages);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(SendTimeout);
        // One that can't be sent, because its queue is not there, must not hold up the others.
        Task all = Task.WhenAll(sends.Select(send => send.Outcome));
        await all.WaitAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var sent = new List<OutboxMessage>();
        Exception? failure = null;
        foreach (var send in sends)
        {
            if (!send.Outcome.IsCompleted)
            {
                _underWay[send.Message.MessageId] = send;
                Mark(isStuck: true);
                failure ??= new TimeoutException("RabbitMQ has not confirmed the message.");
                continue;
            }

            _underWay.Remove(send.Message.MessageId);
            if (await send.Outcome is { } exception)
                failure ??= exception;
            else
                sent.Add(send.Message);
        }

        if (sends.Count > 0 && failure is null)
            Mark(isStuck: false);
        return (sent, failure is null ? null : ExceptionDispatchInfo.Capture(failure));
    }

    /// <summary>While some do not get through, only one more is tried, so that they do not pile up.</summary>
    private List<UnderWay> Begin(List<OutboxMessage> messages)
    {
        var isStuck = _underWay.Count > 0;
        foreach (var givenUp in _underWay.Values.Where(send => clock.GetElapsedTime(send.Since) > GiveUpAfter).ToList())
            _underWay.Remove(givenUp.Message.MessageId);
        var sends = new List<UnderWay>();
        foreach (var message in messages)
        {
            if (_underWay.TryGetValue(message.MessageId, out var begun))
                sends.Add(begun with { Message = message });
            else if (!isStuck || sends.Count == 0)
                sends.Add(new UnderWay(message, TrySendAsync(message), clock.GetTimestamp()));
        }

        return sends;
    }

    private void Mark(bool isStuck)
    {
        if (isStuck == _isStuck)
            return;
        _isStuck = isStuck;
        if (isStuck)
            stuck.Add();
        else
            stuck.Remove();
    }

    private async Task<Exception?> TrySendAsync(OutboxMessage message)
    {
        try
        {
            await bus.SendUncanceledAsync(
                message.DestinationAddress!, new SerializedMessageBody(), new OutboxMessageSendPipe(message, message.DestinationAddress!), CancellationToken.None);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    /// <summary>The outcome is why the message was not sent; null if it was.</summary>
    private sealed record UnderWay(OutboxMessage Message, Task<Exception?> Outcome, long Since);

    private sealed record Committed(IReadOnlyList<OutboxMessage> Messages, long At);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Stored messages could not be sent yet; they are sent later")]
        public static partial void Postponed(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Stored messages are not sent any more: the process stops")]
        public static partial void Stopped(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Information, Message = "Sent {Count} messages that were left behind")]
        public static partial void Swept(ILogger logger, int count);
    }
}
