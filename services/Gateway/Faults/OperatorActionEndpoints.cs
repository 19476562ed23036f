using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Gateway.Deployments;
using Paas.Gateway.Http;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Faults;

/// <summary>Who did what about which fault.</summary>
internal static class OperatorActionEndpoints
{
    private const int MostOfOne = 200;

    public static void MapOperatorActions(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/admin/actions", ListAsync).WithTags("Faults").WithSummary("What operators did about faults and dead messages, newest first.").ProducesProblem(400);
        v1.MapGet("/deployments/{id}/actions", ListOfDeploymentAsync)
            .WithTags("Faults").WithSummary("What operators did about a deployment, newest first.").ProducesProblem(404);
    }

    public static async Task<IReadOnlyList<OperatorActionResponse>> ActionsOfAsync(this PaasDbContext db, Guid deployment, CancellationToken cancellation) =>
        [.. (await db.OperatorActions.AsNoTracking().Where(x => x.DeploymentId == deployment)
            .OrderByDescending(x => x.At).ThenByDescending(x => x.Id).Take(MostOfOne).ToListAsync(cancellation)).Select(Show)];

    private static async Task<Ok<Page<OperatorActionResponse>>> ListAsync([AsParameters] PageQuery query, PaasDbContext db, CancellationToken cancellation)
    {
        var actions = db.OperatorActions.AsNoTracking();
        if (query.After is { } after)
            actions = actions.Where(x => x.At < after.At || (x.At == after.At && x.Id < after.Id));
        var found = await actions.OrderByDescending(x => x.At).ThenByDescending(x => x.Id).Take(query.Size + 1).ToListAsync(cancellation);
        return TypedResults.Ok(query.ToPage(found, action => new Position(action.At, action.Id), Show));
    }

    private static async Task<Ok<IReadOnlyList<OperatorActionResponse>>> ListOfDeploymentAsync(string id, PaasDbContext db, CancellationToken cancellation) =>
        TypedResults.Ok(await db.ActionsOfAsync((await db.FindDeploymentAsync(id, cancellation)).CorrelationId, cancellation));

    private static OperatorActionResponse Show(OperatorAction action) => new()
    {
        Id = action.Id,
        DeploymentId = action.DeploymentId,
        Action = action.Action,
        Step = action.Step,
        Attempt = action.Attempt,
        FromStep = action.FromStep,
        MessageId = action.MessageId,
        Queue = action.Queue,
        Reason = action.Reason,
        By = action.By,
        At = action.At,
    };
}
