using MassTransit;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Paas.Persistence.Messaging;

/// <summary>
/// Runs a consumer or saga in one transaction together with the record that its message was consumed and with the
/// messages it sends; those go out after the commit. Stands in for MassTransit.EntityFrameworkCore's outbox.
/// What a crash leaves unsent, or a broker that is down, is sent by <see cref="OutboxDispatcher"/>.
/// </summary>
internal sealed partial class SagaOutboxFactory(
    PaasDbContext db, AfterCommit afterCommit, IServiceProvider services, SentMessages sent, TimeProvider clock,
    ILogger<SagaOutboxFactory> logger) : IOutboxContextFactory<PaasDbContext>
{
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    public async Task Send<T>(ConsumeContext<T> context, OutboxConsumeOptions options, IPipe<OutboxConsumeContext<T>> next)
        where T : class
    {
        var messageId = context.GetOriginalMessageId() ?? throw new MessageException(typeof(T), "A message needs an id to be consumed once.");
        var outbox = new OutboxContext<T>(context, options, services, db, sent, clock);
        await using (var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken))
        {
            var isNew = await db.Database.ExecuteSqlAsync(
                $"INSERT INTO inbox_messages (message_id, consumer_id, consumed_at) VALUES ({messageId}, {options.ConsumerId}, {clock.GetUtcNow().UtcDateTime}) ON CONFLICT DO NOTHING",
                context.CancellationToken);
            if (isNew == 0)
                return;
            await next.Send(outbox);
            await transaction.CommitAsync(context.CancellationToken);
        }

        afterCommit.Run();

        try
        {
            // With the broker away this would wait for the endpoint to connect again, which waits for this.
            await next.Send(outbox).WaitAsync(SendTimeout, clock);
        }
        catch (Exception exception)
        {
            // The consumer must not run again: its work is committed, and what it had to say is stored.
            Log.Postponed(logger, exception, typeof(T).Name);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("outbox").Add("provider", "paas");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The messages that {Message} led to could not be sent yet; they are sent later")]
        public static partial void Postponed(ILogger logger, Exception exception, string message);
    }

    /// <summary>Collects what the consumer sends; then, in the second pass, hands it out to be sent.</summary>
    private sealed class OutboxContext<T>(
        ConsumeContext<T> context, OutboxConsumeOptions options, IServiceProvider services, PaasDbContext db, SentMessages sent, TimeProvider clock)
        : OutboxConsumeContextProxy<T>(context, options, services)
        where T : class
    {
        private readonly List<OutboxMessage> _messages = [];
        private bool _consumed;

        public override bool ContinueProcessing { get; set; }
        public override bool IsMessageConsumed => _consumed;
        public override bool IsOutboxDelivered => false;
        public override int ReceiveCount => 0;
        public override long? LastSequenceNumber => null;

        public override Task AddSend<TMessage>(SendContext<TMessage> context)
        {
            var message = OutboxMessage.From(context, clock.GetUtcNow().UtcDateTime);
            _messages.Add(message);
            db.OutboxMessages.Add(message);
            return Task.CompletedTask;
        }

        public override async Task SetConsumed()
        {
            await db.SaveChangesAsync(CancellationToken);
            _consumed = true;
        }

        public override Task<List<OutboxMessageContext>> LoadOutboxMessages() => Task.FromResult(_messages.ToList<OutboxMessageContext>());

        public override Task NotifyOutboxMessageDelivered(OutboxMessageContext message) => Task.CompletedTask;

        public override Task SetDelivered()
        {
            sent.Remove(_messages);
            return Task.CompletedTask;
        }

        public override Task RemoveOutboxMessages() => Task.CompletedTask;
    }
}
