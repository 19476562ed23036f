using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Access;
using Paas.Gateway.Deployments;
using Paas.Gateway.Http;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.Faults;

internal static class FaultEndpoints
{
    private const int MaxReasonLength = 500;

    public static void MapFaults(this IEndpointRouteBuilder v1)
    {
        var faults = v1.MapGroup("/admin/faults").WithTags("Faults").ProducesProblem(400);
        faults.MapGet("/", ListAsync).WithSummary("Deployments that a fault of the platform has ended, newest first.");
        faults.MapPost("/replay", ReplayManyAsync).WithSummary("Replays all faulted deployments, or those of a step or a time.");
        faults.MapPost("/{id:guid}/replay", ReplayAsync)
            .WithSummary("Takes a faulted deployment up again, from the step that faulted or an earlier one.").ProducesProblem(404).ProducesProblem(409);
        faults.MapPost("/{id:guid}/discard", DiscardAsync).WithSummary("Gives a faulted deployment up.").ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<Ok<Page<FaultResponse>>> ListAsync([AsParameters] PageQuery query, PaasDbContext db, CancellationToken cancellation)
    {
        var faulted = Faulted(db);
        if (query.After is { } after)
            faulted = faulted.Where(x => x.CreatedAt < after.At || (x.CreatedAt == after.At && x.CorrelationId < after.Id));
        var found = await faulted.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.CorrelationId).Take(query.Size + 1).ToListAsync(cancellation);
        return TypedResults.Ok(query.ToPage(found, deployment => new Position(deployment.CreatedAt, deployment.CorrelationId), Show));
    }

    private static async Task<Accepted<DeploymentResponse>> ReplayAsync(
        Guid id, JsonBody<ReplayRequest> body, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, CancellationToken cancellation)
    {
        var deployment = await FindFaultedAsync(db, id, cancellation);
        var from = body.Optional?.From;
        if (from is not null)
        {
            CheckStep("from", from);
            if (IndexOf(from) > IndexOf(FaultedStep(deployment)))
                throw ProblemException.Invalid("from", GatewayTexts.ReplayTooLate(from, FaultedStep(deployment)));
        }

        await outbox.PublishAsync(new ReplayDeployment { DeploymentId = id, FromStep = from, RequestedBy = caller.CallerName() }, cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return DeploymentEndpoints.AcceptedAt(deployment);
    }

    private static async Task<Accepted<ReplayManyResponse>> ReplayManyAsync(
        JsonBody<ReplayManyRequest> body, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, CancellationToken cancellation)
    {
        var asked = body.Optional ?? new ReplayManyRequest();
        if (asked.Step is not null)
            CheckStep("step", asked.Step);
        if (asked.Since > asked.Until)
            throw ProblemException.Invalid("until", GatewayTexts.UntilBeforeSince());
        var (since, until) = (asked.Since?.ToUniversalTime(), asked.Until?.ToUniversalTime());
        var faulted = await Faulted(db)
            .Where(x => asked.Step == null || (x.FailureStep ?? x.Step) == asked.Step)
            .Where(x => since == null || (x.FinishedAt ?? x.CreatedAt) >= since)
            .Where(x => until == null || (x.FinishedAt ?? x.CreatedAt) <= until)
            .OrderBy(x => x.CreatedAt).Select(x => x.CorrelationId).ToListAsync(cancellation);
        foreach (var id in faulted)
            await outbox.PublishAsync(new ReplayDeployment { DeploymentId = id, RequestedBy = caller.CallerName() }, cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return TypedResults.Accepted((string?)null, new ReplayManyResponse { Replayed = faulted.Count });
    }

    private static async Task<Accepted<DeploymentResponse>> DiscardAsync(
        Guid id, JsonBody<DiscardRequest> body, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, CancellationToken cancellation)
    {
        if (body.Required.Reason?.Trim() is not { Length: > 0 and <= MaxReasonLength } reason)
            throw ProblemException.Invalid("reason", GatewayTexts.DiscardWithoutReason(MaxReasonLength));
        var deployment = await FindFaultedAsync(db, id, cancellation);
        await outbox.PublishAsync(new CancelDeployment { DeploymentId = id, RequestedBy = GatewayTexts.DiscardedBy(caller.CallerName(), reason) }, cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return DeploymentEndpoints.AcceptedAt(deployment);
    }

    private static IQueryable<DeploymentState> Faulted(PaasDbContext db) => db.Deployments.AsNoTracking()
        .Where(deployment => deployment.CurrentState == DeploymentStates.Faulted && db.Apps.Any(app => app.Id == deployment.AppId));

    private static async Task<DeploymentState> FindFaultedAsync(PaasDbContext db, Guid id, CancellationToken cancellation)
    {
        var deployment = await db.FindDeploymentAsync(id, cancellation);
        return deployment.CurrentState == DeploymentStates.Faulted
            ? deployment
            : throw ProblemException.Conflict(GatewayTexts.NotFaulted(id, deployment.CurrentState));
    }

    private static void CheckStep(string field, string step)
    {
        if (!Step.InOrder.Contains(step))
            throw ProblemException.Invalid(field, GatewayTexts.StepUnknown(step, Step.InOrder));
    }

    private static int IndexOf(string step) => Step.InOrder.ToList().IndexOf(step);

    private static string FaultedStep(DeploymentState deployment) => deployment.FailureStep ?? deployment.Step ?? Step.DownloadCode;

    private static FaultResponse Show(DeploymentState deployment) => new()
    {
        Id = deployment.CorrelationId,
        App = deployment.AppName,
        Environment = deployment.EnvironmentName,
        Commit = deployment.Commit,
        Step = FaultedStep(deployment),
        Reason = deployment.FailureReason ?? FailureReason.StepFaulted,
        ExceptionType = deployment.ExceptionType,
        Message = deployment.FailureMessage ?? "",
        Attempt = deployment.Attempt,
        FaultedAt = deployment.FinishedAt ?? deployment.CreatedAt,
    };
}
