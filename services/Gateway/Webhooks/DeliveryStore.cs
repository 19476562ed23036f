using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Telemetry;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.Webhooks;

/// <summary>Stores a verified delivery for each of its apps, with the message that makes a deployment of it.</summary>
internal sealed class DeliveryStore(IServiceScopeFactory scopes, TimeProvider clock)
{
    /// <summary>GitHub waits for 10 seconds in all.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(8);

    /// <returns>What was decided, the first time that the delivery came.</returns>
    public async Task<IReadOnlyList<Delivery>> StoreAsync(IncomingDelivery incoming, PushPayload payload, IReadOnlyList<App> apps)
    {
        // Not ended by a caller who hangs up: it has been verified, and should not be lost.
        using var timeout = new CancellationTokenSource(MaxTime);
        try
        {
            return await StoreAsync(incoming, payload, apps, [], timeout.Token);
        }
        catch (DbUpdateException)
        {
            // Either the delivery has come before, and then is found now, or it fails again.
            return await StoreAsync(incoming, payload, apps, await FindAsync(incoming, apps, timeout.Token), timeout.Token);
        }
        catch (OperationCanceledException exception)
        {
            throw new TimeoutException("The database took too long to store a delivery.", exception);
        }
    }

    private async Task<List<Delivery>> FindAsync(IncomingDelivery incoming, IReadOnlyList<App> apps, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        db.Database.SetCommandTimeout(MaxTime);
        var ids = apps.Select(app => (Guid?)app.Id).ToList();
        return await db.Deliveries.AsNoTracking()
            .Where(delivery => delivery.DeliveryId == incoming.DeliveryId && ids.Contains(delivery.AppId)).ToListAsync(cancellation);
    }

    /// <param name="incoming">What its headers say.</param>
    /// <param name="payload">What is in it.</param>
    /// <param name="apps">The apps it is for.</param>
    /// <param name="stored">What is stored of it already.</param>
    /// <param name="cancellation">Cancels it.</param>
    private async Task<IReadOnlyList<Delivery>> StoreAsync(
        IncomingDelivery incoming, PushPayload payload, IReadOnlyList<App> apps, List<Delivery> stored, CancellationToken cancellation)
    {
        var (decision, reason) = PushRules.Decide(incoming.Event, payload);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        var outbox = scope.ServiceProvider.GetRequiredService<BusOutbox>();
        db.Database.SetCommandTimeout(MaxTime);
        foreach (var app in apps.Where(app => stored.All(delivery => delivery.AppId != app.Id)).ToList())
        {
            var delivery = From(incoming, payload, app, decision, reason);
            stored.Add(delivery);
            db.Deliveries.Add(delivery);
            if (decision == DeliveryDecisions.Pending)
                await outbox.PublishAsync(new PushReceived { DeliveryId = delivery.Id }, cancellation);
        }

        if (db.ChangeTracker.HasChanges())
        {
            var added = db.ChangeTracker.Entries<Delivery>().Count();
            await outbox.SaveChangesAsync(cancellation);
            // What is pending counts when it is decided.
            if (decision != DeliveryDecisions.Pending)
                PaasMetrics.DeliveryDecided(decision, added);
        }

        return stored;
    }

    private Delivery From(IncomingDelivery incoming, PushPayload payload, App app, string decision, string reason) => new()
    {
        Id = NewId.NextGuid(),
        DeliveryId = incoming.DeliveryId,
        AppId = app.Id,
        AppName = app.Name,
        Event = incoming.Event,
        Repository = payload.Repository,
        Ref = payload.Ref,
        Before = payload.Before,
        After = payload.After,
        RefDeleted = payload.Deleted,
        CommitMessage = payload.CommitMessage,
        Pusher = payload.Pusher,
        ReceivedAt = clock.GetUtcNow().UtcDateTime,
        Decision = decision,
        Reason = reason,
    };
}
