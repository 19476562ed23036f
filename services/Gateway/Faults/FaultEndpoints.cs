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
    private const int BatchSize = 200;

    public static void MapFaults(this IEndpointRouteBuilder v1)
    {
        var faults = v1.MapGroup("/admin/faults").WithTags("Faults").ProducesProblem(400);
        faults.MapGet("/", ListAsync).WithSummary("Deployments that a fault of the platform has ended, newest first.").ProducesProblem(404);
        faults.MapGet("/{id}", GetAsync).WithSummary("A fault with its dead message, and what operators did about it.").ProducesProblem(404).ProducesProblem(409);
        faults.MapPost("/replay", ReplayManyAsync).WithSummary("Replays all faulted deployments, or those of a step, an app or a time.").ProducesProblem(404);
        faults.MapPost("/{id}/replay", ReplayAsync)
            .WithSummary("Takes a faulted deployment up again, from the step that faulted or an earlier one.").ProducesProblem(404).ProducesProblem(409);
        faults.MapPost("/{id}/discard", DiscardAsync).WithSummary("Gives a faulted deployment up.").ProducesProblem(404).ProducesProblem(409);
        v1.MapDeadMessages();
        v1.MapOperatorActions();
    }

    private static async Task<Ok<Page<FaultResponse>>> ListAsync(
        [AsParameters] PageQuery query, [AsParameters] FaultQuery which, PaasDbContext db, CancellationToken cancellation)
    {
        var faulted = await which.FindAsync(db, cancellation);
        if (query.After is { } after)
            faulted = faulted.Where(x => x.CreatedAt < after.At || (x.CreatedAt == after.At && x.CorrelationId < after.Id));
        var found = await faulted.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.CorrelationId).Take(query.Size + 1).ToListAsync(cancellation);
        var replays = await CountReplaysAsync(db, [.. found.Select(deployment => deployment.CorrelationId)], cancellation);
        return TypedResults.Ok(query.ToPage(
            found, deployment => new Position(deployment.CreatedAt, deployment.CorrelationId),
            deployment => Show(deployment, replays.GetValueOrDefault(deployment.CorrelationId))));
    }

    private static async Task<Ok<FaultDetailResponse>> GetAsync(string id, DeadMessageReader reader, PaasDbContext db, CancellationToken cancellation)
    {
        var deployment = await FindFaultedAsync(db, id, cancellation);
        var (message, missing) = await reader.FindAsync(deployment, cancellation);
        var found = deployment.CorrelationId;
        var replays = await CountReplaysAsync(db, [found], cancellation);
        return TypedResults.Ok(new FaultDetailResponse
        {
            Fault = Show(deployment, replays.GetValueOrDefault(found)),
            DeadMessage = message is null ? null : DeadMessageView.Show(message),
            DeadMessageMissing = missing,
            Actions = await db.ActionsOfAsync(found, cancellation),
        });
    }

    private static async Task<Accepted<DeploymentResponse>> ReplayAsync(
        string id, JsonBody<ReplayRequest> body, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, CancellationToken cancellation)
    {
        var deployment = await FindFaultedAsync(db, id, cancellation);
        var from = body.Optional?.From;
        if (from is not null)
        {
            FaultQuery.CheckStep("from", from);
            if (IndexOf(from) > IndexOf(FaultedStep(deployment)))
                throw ProblemException.Invalid("from", GatewayTexts.ReplayTooLate(from, FaultedStep(deployment)));
        }

        await outbox.PublishAsync(new ReplayDeployment
        {
            DeploymentId = deployment.CorrelationId,
            FromStep = from,
            RequestedBy = caller.CallerName(),
            FaultedStep = deployment.Step,
            FaultedAttempt = deployment.Attempt,
        }, cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return DeploymentEndpoints.AcceptedAt(deployment);
    }

    private static async Task<Accepted<ReplayManyResponse>> ReplayManyAsync(
        JsonBody<ReplayManyRequest> body, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, CancellationToken cancellation)
    {
        var which = FaultQuery.From(body.Optional ?? new ReplayManyRequest());
        var faults = await which.FindAsync(db, cancellation);
        var among = GatewayTexts.ReplayedAmong(which.Step, which.App, which.Since, which.Until);
        var asked = 0;
        // In order of creation, which a replay does not change: each is met once, also if it faults again meanwhile.
        for (Position? last = null; ;)
        {
            var rest = last is { } position
                ? faults.Where(x => x.CreatedAt > position.At || (x.CreatedAt == position.At && x.CorrelationId > position.Id))
                : faults;
            var batch = await rest.OrderBy(x => x.CreatedAt).ThenBy(x => x.CorrelationId).Take(BatchSize)
                .Select(x => new { x.CorrelationId, x.CreatedAt, x.Step, x.Attempt }).ToListAsync(cancellation);
            if (batch.Count == 0)
                break;
            foreach (var fault in batch)
            {
                await outbox.PublishAsync(new ReplayDeployment
                {
                    DeploymentId = fault.CorrelationId,
                    RequestedBy = caller.CallerName(),
                    FaultedStep = fault.Step,
                    FaultedAttempt = fault.Attempt,
                    Among = among,
                }, cancellation);
            }

            await outbox.SaveChangesAsync(cancellation);
            db.ChangeTracker.Clear();
            asked += batch.Count;
            last = new Position(batch[^1].CreatedAt, batch[^1].CorrelationId);
        }

        return TypedResults.Accepted((string?)null, new ReplayManyResponse { Replayed = asked });
    }

    private static async Task<Accepted<DeploymentResponse>> DiscardAsync(
        string id, JsonBody<DiscardRequest> body, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, CancellationToken cancellation)
    {
        var reason = DeadMessageEndpoints.ReasonIn(body);
        var deployment = await FindFaultedAsync(db, id, cancellation);
        await outbox.PublishAsync(new DiscardDeployment
        {
            DeploymentId = deployment.CorrelationId,
            RequestedBy = caller.CallerName(),
            Reason = reason,
            FaultedStep = FaultedStep(deployment),
            FaultedAttempt = deployment.Attempt,
        }, cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return DeploymentEndpoints.AcceptedAt(deployment);
    }

    private static async Task<DeploymentState> FindFaultedAsync(PaasDbContext db, string id, CancellationToken cancellation)
    {
        var deployment = await db.FindDeploymentAsync(id, cancellation);
        return deployment.CurrentState == DeploymentStates.Faulted
            ? deployment
            : throw ProblemException.Conflict(GatewayTexts.NotFaulted(deployment.Name, deployment.CurrentState));
    }

    private static Task<Dictionary<Guid, int>> CountReplaysAsync(PaasDbContext db, IReadOnlyList<Guid> deployments, CancellationToken cancellation) =>
        db.OperatorActions.Where(x => x.DeploymentId != null && deployments.Contains(x.DeploymentId.Value))
            .Where(x => x.Action == OperatorActions.Replay || x.Action == OperatorActions.ReplayMany)
            .GroupBy(x => x.DeploymentId!.Value).ToDictionaryAsync(group => group.Key, group => group.Count(), cancellation);

    private static int IndexOf(string step) => Step.InOrder.ToList().IndexOf(step);

    private static string FaultedStep(DeploymentState deployment) => deployment.FailureStep ?? deployment.Step ?? Step.DownloadCode;

    private static FaultResponse Show(DeploymentState deployment, int replays)
    {
        var record = deployment.Steps.LastOrDefault(step => step.Name == deployment.Step && step.Attempt == deployment.Attempt);
        return new FaultResponse
        {
            Id = deployment.CorrelationId,
            Name = deployment.Name,
            App = deployment.AppName,
            Environment = deployment.EnvironmentName,
            Commit = deployment.Commit,
            Step = FaultedStep(deployment),
            Reason = deployment.FailureReason ?? FailureReason.StepFaulted,
            ExceptionType = deployment.ExceptionType,
            Message = Hosting.Secrets.SecretMask.OfText(deployment.FailureMessage ?? ""),
            Attempt = deployment.Attempt,
            Tries = record?.Try,
            MaxTries = record?.MaxTries,
            FaultedAt = deployment.FinishedAt ?? deployment.CreatedAt,
            Replays = replays,
        };
    }
}
