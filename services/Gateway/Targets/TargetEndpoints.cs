using Microsoft.AspNetCore.Http.HttpResults;
using Paas.Contracts.Api;
using Paas.Gateway.Output;

namespace Paas.Gateway.Targets;

internal static class TargetEndpoints
{
    public static void MapTargets(this IEndpointRouteBuilder v1) => v1.MapGet("/targets", ListAsync).WithTags("Targets")
        .WithSummary("The targets apps can run on, and whether apps are walled in there.").ProducesProblem(503);

    private static async Task<Ok<TargetsResponse>> ListAsync(DeployerClient deployer, CancellationToken cancellation)
    {
        var found = await deployer.FindTargetsAsync(cancellation);
        return TypedResults.Ok(new TargetsResponse
        {
            Items = [.. found.Targets.Select(target => new TargetResponse { Name = target.Name, WalledIn = target.WalledIn, Reason = target.Reason })],
        });
    }
}
