using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Hosting.Telemetry;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Webhooks;

/// <summary>Stores a verified delivery for each of its apps, once.</summary>
internal sealed class DeliveryStore(DeliveryWriter writer, IServiceScopeFactory scopes, TimeProvider clock)
{
    /// <summary>GitHub waits for 10 seconds in all, and giving up takes some of them.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(6);

    /// <returns>What was decided, the first time that the delivery came.</returns>
    public Task<IReadOnlyList<Delivery>> StoreAsync(
        IncomingDelivery incoming, PushPayload payload, IReadOnlyList<App> apps, CancellationToken cancellation)
    {
        var (decision, reason) = PushRules.Decide(incoming.Event, payload);
        var deliveries = apps.Select(app => From(incoming, payload, app, decision, reason)).ToList();
        return StoreAsync(deliveries, cancellation);
    }

    private async Task<IReadOnlyList<Delivery>> StoreAsync(List<Delivery> deliveries, CancellationToken cancellation)
    {
        try
        {
            await WriteAsync(deliveries, cancellation);
            return deliveries;
        }
        catch (DbUpdateException)
        {
            // Either it has come before, for these apps or for some of them, and then is found now; or it fails again.
            var known = await FindAsync(deliveries, cancellation);
            var others = deliveries.Where(delivery => known.All(stored => stored.AppId != delivery.AppId)).ToList();
            if (others.Count > 0)
                await WriteAsync(others, cancellation);
            return [.. known, .. others];
        }
    }

    private async Task WriteAsync(List<Delivery> deliveries, CancellationToken cancellation)
    {
        await writer.StoreAsync(deliveries, cancellation);
        // What is pending counts when it is decided.
        if (deliveries[0].Decision is var decision and not DeliveryDecisions.Pending)
            PaasMetrics.DeliveryDecided(decision, deliveries.Count);
    }

    private async Task<List<Delivery>> FindAsync(List<Delivery> deliveries, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        db.Database.SetCommandTimeout(MaxTime);
        var (id, apps) = (deliveries[0].DeliveryId, deliveries.Select(delivery => delivery.AppId).ToList());
        return await db.Deliveries.AsNoTracking()
            .Where(delivery => delivery.DeliveryId == id && apps.Contains(delivery.AppId)).ToListAsync(cancellation);
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
