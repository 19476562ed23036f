using MassTransit;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;

namespace Paas.Persistence.Messaging;

/// <summary>
/// Stores messages in the same transaction as what they are about, outside of a consumer. They are sent after
/// <see cref="SaveChangesAsync"/>; if the process dies in between, by the <see cref="OutboxDispatcher"/> of the next.
/// </summary>
public sealed class BusOutbox(PaasDbContext db, IBus bus, OutboxDispatcher dispatcher, TimeProvider clock, IServiceProvider services)
{
    private readonly List<OutboxMessage> _messages = [];

    public async Task PublishAsync<T>(T message, CancellationToken cancellation)
        where T : class
    {
        var endpoint = await new OutboxPublishEndpointProvider(new Store(this), bus).GetPublishSendEndpoint<T>();
        await endpoint.Send(message, cancellation);
    }

    public async Task SendAsync<T>(Uri address, T message, CancellationToken cancellation)
        where T : class
    {
        var endpoint = await new OutboxSendEndpointProvider(new Store(this), bus).GetSendEndpoint(address);
        await endpoint.Send(message, cancellation);
    }

    /// <summary>Commits the changes of the <see cref="PaasDbContext"/> together with the messages, and sends those.</summary>
    public async Task SaveChangesAsync(CancellationToken cancellation)
    {
        await db.SaveChangesAsync(cancellation);
        if (db.Database.CurrentTransaction is { } transaction)
            await transaction.CommitAsync(cancellation);
        if (_messages.Count > 0)
            dispatcher.Deliver([.. _messages]);
        _messages.Clear();
    }

    private sealed class Store(BusOutbox outbox) : OutboxSendContext
    {
        public Task AddSend<T>(SendContext<T> context)
            where T : class
        {
            var message = OutboxMessage.From(context, outbox.Clock.GetUtcNow().UtcDateTime);
            outbox._messages.Add(message);
            outbox.Db.OutboxMessages.Add(message);
            return Task.CompletedTask;
        }

        public object? GetService(Type serviceType) => outbox.Services.GetService(serviceType);
    }

    private TimeProvider Clock => clock;
    private PaasDbContext Db => db;
    private IServiceProvider Services => services;
}
