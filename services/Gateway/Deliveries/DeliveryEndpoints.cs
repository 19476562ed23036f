using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Gateway.Apps;
using Paas.Gateway.Http;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Deliveries;

internal static class DeliveryEndpoints
{
    public static void MapDeliveries(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/deliveries", async ([AsParameters] PageQuery query, string? app, PaasDbContext db, CancellationToken cancellation) =>
                app is null ? await PageAsync(db, db.Deliveries, query, cancellation) : await ListOfAppAsync(app, query, db, cancellation))
            .WithTags("Deliveries").WithSummary("The deliveries of all git hosts, newest first, and what became of each.").ProducesProblem(400).ProducesProblem(404);
        v1.MapGet("/apps/{app}/deliveries", ListOfAppAsync)
            .WithTags("Deliveries").WithSummary("The deliveries for one app, newest first, also those that were refused.").ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<Ok<Page<DeliveryResponse>>> ListOfAppAsync(
        string app, [AsParameters] PageQuery query, PaasDbContext db, CancellationToken cancellation)
    {
        var id = await db.FindAppIdAsync(app, cancellation);
        return await PageAsync(db, db.Deliveries.Where(x => x.AppId == id || (x.AppId == null && x.AppName == app)), query, cancellation);
    }

    private static async Task<Ok<Page<DeliveryResponse>>> PageAsync(
        PaasDbContext db, IQueryable<Delivery> deliveries, PageQuery query, CancellationToken cancellation)
    {
        if (query.After is { } after)
            deliveries = deliveries.Where(x => x.ReceivedAt < after.At || (x.ReceivedAt == after.At && x.Id < after.Id));
        var found = await deliveries.AsNoTracking().OrderByDescending(x => x.ReceivedAt).ThenByDescending(x => x.Id).Take(query.Size + 1).ToListAsync(cancellation);
        var ids = found.Select(delivery => delivery.DeploymentId).Where(id => id is not null).ToList();
        var names = await db.Deployments.Where(deployment => ids.Contains(deployment.CorrelationId))
            .Select(deployment => new { deployment.CorrelationId, deployment.AppName, deployment.Sequence })
            .ToDictionaryAsync(x => x.CorrelationId, x => DeploymentState.NameOf(x.AppName, x.Sequence), cancellation);
        return TypedResults.Ok(query.ToPage(found, delivery => new Position(delivery.ReceivedAt, delivery.Id), delivery => Show(delivery, names)));
    }

    private static DeliveryResponse Show(Delivery delivery, Dictionary<Guid, string> deployments) => new()
    {
        Id = delivery.Id,
        DeliveryId = delivery.DeliveryId,
        Event = delivery.Event,
        Repository = delivery.Repository,
        App = delivery.AppName,
        Ref = delivery.Ref,
        Commit = delivery.After,
        ReceivedAt = delivery.ReceivedAt,
        Decision = delivery.Decision,
        Reason = delivery.Reason,
        DeploymentId = delivery.DeploymentId,
        Deployment = delivery.DeploymentId is { } id ? deployments.GetValueOrDefault(id) : null,
    };
}
