using System.ComponentModel;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Paas.Contracts.Api;
using Paas.Gateway.Access;
using Paas.Gateway.Http;

namespace Paas.Gateway.ConfigVars;

internal static class ConfigVarEndpoints
{
    private const string RunOnly =
        "true: builds do not see the config vars that are set; false: they do. Left out, those that are there stay as they are, and builds see new ones.";

    public static void MapConfigVars(this IEndpointRouteBuilder v1)
    {
        var variables = v1.MapGroup("/apps/{app}/config-vars").WithTags("Config vars").ProducesProblem(404);
        variables.MapGet("/", ListAsync).WithSummary("The names of an app's config vars, and the ends of their values; with values=true, the whole values.");
        variables.MapPut("/", ReplaceAsync).WithSummary("Replaces all config vars and, if the app is live, deploys the change.").ProducesProblem(400);
        variables.MapPatch("/", ChangeAsync)
            .WithSummary("Sets config vars, removes those that are null and, if the app is live, deploys the change.").ProducesProblem(400);
    }

    private static async Task<Ok<ConfigVarsResponse>> ListAsync(
        string app, bool? values, HttpContext context, ConfigVarChanges changes, CancellationToken cancellation)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await changes.ListAsync(app, values == true, cancellation));
    }

    private static async Task<Ok<ConfigVarsResponse>> ReplaceAsync(
        string app, [Description(RunOnly)] bool? runOnly, JsonBody<Dictionary<string, string?>> body, ClaimsPrincipal caller, ConfigVarChanges changes, CancellationToken cancellation) =>
        TypedResults.Ok(await changes.ApplyAsync(app, body.Required, replaceAll: true, runOnly, caller.CallerName(), cancellation));

    private static async Task<Ok<ConfigVarsResponse>> ChangeAsync(
        string app, [Description(RunOnly)] bool? runOnly, JsonBody<Dictionary<string, string?>> body, ClaimsPrincipal caller, ConfigVarChanges changes, CancellationToken cancellation) =>
        TypedResults.Ok(await changes.ApplyAsync(app, body.Required, replaceAll: false, runOnly, caller.CallerName(), cancellation));
}
