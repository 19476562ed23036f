using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Gateway.Access;
using Paas.Gateway.Faults;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Status;

/// <summary>The platform at a glance, small enough for a thin line.</summary>
internal static class StatusEndpoint
{
    private const int MostShown = 20;
    private static readonly string[] Final =
        [DeploymentStates.Succeeded, DeploymentStates.Failed, DeploymentStates.Faulted, DeploymentStates.Canceled, DeploymentStates.Superseded];

    public static void MapStatus(this IEndpointRouteBuilder v1) => v1.MapGet("/status", GetAsync).WithTags("Platform")
        .WithSummary("Who asks, which deployments are in progress, and how many a fault has ended.");

    private static async Task<Ok<StatusResponse>> GetAsync(ClaimsPrincipal caller, PaasDbContext db, CancellationToken cancellation)
    {
        var inProgress = db.Deployments.Where(deployment => !Final.Contains(deployment.CurrentState) && db.Apps.Any(app => app.Id == deployment.AppId));
        var newest = await inProgress.OrderByDescending(deployment => deployment.CreatedAt).Take(MostShown)
            .Select(deployment => new { deployment.CorrelationId, deployment.AppName, deployment.Sequence, deployment.CurrentState }).ToListAsync(cancellation);
        return TypedResults.Ok(new StatusResponse
        {
            Caller = caller.CallerName(),
            InProgress = newest.Count < MostShown ? newest.Count : await inProgress.CountAsync(cancellation),
            Deployments =
            [
                .. newest.Select(deployment => new DeploymentSummaryResponse
                {
                    Id = deployment.CorrelationId,
                    Name = DeploymentState.NameOf(deployment.AppName, deployment.Sequence),
                    State = deployment.CurrentState,
                }),
            ],
            Faults = await FaultQuery.All(db).CountAsync(cancellation),
        });
    }
}
