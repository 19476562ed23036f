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

    /// <summary>So many repetitions of one body are kept: whoever has one can send it without end.</summary>
    private const int MaxRepeats = 20;

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
            var answers = deliveries.Where(delivery => known.All(stored => stored.AppId != delivery.AppId)).ToList();
            var toStore = answers.ToList();
            foreach (var ofApp in known.GroupBy(stored => stored.AppId))
            {
                var same = ofApp.FirstOrDefault(stored => stored.DeliveryId == deliveries[0].DeliveryId);
                var answer = same ?? AsDuplicate(deliveries.Single(delivery => delivery.AppId == ofApp.Key), ofApp.Single());
                answers.Add(answer);
                if (same is null && await CountRepeatsAsync(answer, cancellation) < MaxRepeats)
                    toStore.Add(answer);
            }

            if (toStore.Count > 0)
                await WriteAsync(toStore, cancellation);
            return answers;
        }
    }

    /// <summary>The same body, signed with the same secret: told under another id, by another webhook or by someone who replays it.</summary>
    private static Delivery AsDuplicate(Delivery delivery, Delivery first)
    {
        delivery.SignatureHash = null;
        delivery.Decision = DeliveryDecisions.Duplicate;
        delivery.Reason = GatewayTexts.SameBody(first.DeliveryId);
        delivery.DeploymentId = first.DeploymentId;
        return delivery;
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
        var (id, hash, apps) = (deliveries[0].DeliveryId, deliveries[0].SignatureHash, deliveries.Select(delivery => delivery.AppId).ToList());
        return await db.Deliveries.AsNoTracking()
            .Where(delivery => apps.Contains(delivery.AppId) && (delivery.DeliveryId == id || delivery.SignatureHash == hash)).ToListAsync(cancellation);
    }

    private async Task<int> CountRepeatsAsync(Delivery delivery, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        db.Database.SetCommandTimeout(MaxTime);
        return await db.Deliveries.CountAsync(
            x => x.AppId == delivery.AppId && x.Decision == DeliveryDecisions.Duplicate && x.Reason == delivery.Reason, cancellation);
    }

    private Delivery From(IncomingDelivery incoming, PushPayload payload, App app, string decision, string reason) => new()
    {
        Id = NewId.NextGuid(),
        DeliveryId = incoming.DeliveryId,
        SignatureHash = incoming.SignatureHash,
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
        SkipReason = decision == DeliveryDecisions.Pending ? PushRules.ReasonToSkip(payload, app) : null,
        ReceivedAt = clock.GetUtcNow().UtcDateTime,
        Decision = decision,
        Reason = reason,
    };
}
