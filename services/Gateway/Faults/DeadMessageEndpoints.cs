using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Paas.Contracts.Api;
using Paas.Gateway.Access;
using Paas.Gateway.Http;

namespace Paas.Gateway.Faults;

internal static class DeadMessageEndpoints
{
    private const int MaxReasonLength = 500;

    public static void MapDeadMessages(this IEndpointRouteBuilder v1)
    {
        var messages = v1.MapGroup("/admin/dead-messages").WithTags("Faults").ProducesProblem(400).ProducesProblem(503);
        messages.MapGet("/", async ([AsParameters] PageQuery query, DeadMessageReader reader, CancellationToken cancellation) =>
                TypedResults.Ok(await reader.ListOrphansAsync(query, cancellation)))
            .WithSummary("Messages in the broker's error queues that belong to no faulted deployment, newest first.");
        messages.MapPost("/{messageId:guid}/discard", DiscardAsync)
            .WithSummary("Removes such a message for good.").ProducesProblem(404).ProducesProblem(409);
    }

    public static string ReasonIn(JsonBody<DiscardRequest> body) =>
        body.Required.Reason?.Trim() is { Length: > 0 and <= MaxReasonLength } reason
            ? reason
            : throw ProblemException.Invalid("reason", GatewayTexts.DiscardWithoutReason(MaxReasonLength));

    private static async Task<NoContent> DiscardAsync(
        Guid messageId, JsonBody<DiscardRequest> body, ClaimsPrincipal caller, DeadMessageReader reader, CancellationToken cancellation)
    {
        await reader.DiscardAsync(messageId, caller.CallerName(), ReasonIn(body), cancellation);
        return TypedResults.NoContent();
    }
}
