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
                app is null ? await PageAsync(db.Deliveries, query, cancellation) : await ListOfAppAsync(app, query, db, cancellation))
            .WithTags("Deliveries").WithSummary("The deliveries of all git hosts, newest first, and what became of each.").ProducesProblem(400).ProducesProblem(404);
        v1.MapGet("/apps/{app}/deliveries", ListOfAppAsync)
            .WithTags("Deliveries").WithSummary("The deliveries for one app, newest first, also those that were refused.").ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<Ok<Page<DeliveryResponse>>> ListOfAppAsync(
        string app, [AsParameters] PageQuery query, PaasDbContext db, CancellationToken cancellation)
    {
        var id = await db.FindAppIdAsync(app, cancellation);
        return await PageAsync(db.Deliveries.Where(x => x.AppId == id || (x.AppId == null && x.AppName == app)), query, cancellation);
    }

    private static async Task<Ok<Page<DeliveryResponse>>> PageAsync(IQueryable<Delivery> deliveries, PageQuery query, CancellationToken cancellation)
    {
        if (query.After is { } after)
            deliveries = deliveries.Where(x => x.ReceivedAt < after.At || (x.ReceivedAt == after.At && x.Id < after.Id));
        var found = await deliveries.AsNoTracking().OrderByDescending(x => x.ReceivedAt).ThenByDescending(x => x.Id).Take(query.Size + 1).ToListAsync(cancellation);
        return TypedResults.Ok(query.ToPage(found, delivery => new Position(delivery.ReceivedAt, delivery.Id), Show));
    }

    private static DeliveryResponse Show(Delivery delivery) => new()
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
    };
}
