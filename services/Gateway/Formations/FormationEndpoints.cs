using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Paas.Contracts.Api;
using Paas.Gateway.Access;
using Paas.Gateway.Http;

namespace Paas.Gateway.Formations;

internal static class FormationEndpoints
{
    public static void MapFormations(this IEndpointRouteBuilder v1)
    {
        var formation = v1.MapGroup("/apps/{app}/formation").WithTags("Formation").ProducesProblem(404);
        formation.MapGet("/", ShowAsync).WithSummary("How many instances of each process type an app has.");
        formation.MapPatch("/", ChangeAsync)
            .WithSummary("Sets instances by process type, null for what the manifest says and, if the app is live, deploys the change.").ProducesProblem(400);
    }

    private static async Task<Ok<FormationResponse>> ShowAsync(string app, FormationChanges changes, CancellationToken cancellation) =>
        TypedResults.Ok(await changes.ShowAsync(app, cancellation));

    private static async Task<Ok<FormationResponse>> ChangeAsync(
        string app, JsonBody<Dictionary<string, int?>> body, ClaimsPrincipal caller, FormationChanges changes, CancellationToken cancellation) =>
        TypedResults.Ok(await changes.ApplyAsync(app, body.Required, caller.CallerName(), cancellation));
}
