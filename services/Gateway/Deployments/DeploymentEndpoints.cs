using System.Globalization;
using System.Security.Claims;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Access;
using Paas.Gateway.Apps;
using Paas.Gateway.Http;
using Paas.Hosting.Source;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.Deployments;

internal static partial class DeploymentEndpoints
{
    public static void MapDeployments(this IEndpointRouteBuilder v1)
    {
        var ofApp = v1.MapGroup("/apps/{app}/deployments").WithTags("Deployments").ProducesProblem(400).ProducesProblem(404);
        ofApp.MapPost("/", CreateAsync).WithSummary("Deploys a ref or a commit; with neither, the app's branch.");
        ofApp.MapGet("/", ListOfAppAsync).WithSummary("An app's deployments, newest first.");

        var deployments = v1.MapGroup("/deployments").WithTags("Deployments");
        deployments.MapGet("/", ListAsync).WithSummary("The deployments of all apps, newest first.").ProducesProblem(400);
        deployments.MapGet("/{id}", GetAsync).WithSummary("One deployment, with its steps.").ProducesProblem(404);
        deployments.MapPost("/{id}/cancel", CancelAsync).WithSummary("Asks a deployment to stop.").ProducesProblem(404).ProducesProblem(409);
        deployments.MapGet("/{id}/logs", LogEndpoint.GetAsync)
            .WithSummary("A deployment's log: text, or server-sent events with Accept: text/event-stream.")
            .Produces<string>(200, "text/plain", "text/event-stream").ProducesProblem(404).ProducesProblem(503);
    }

    /// <param name="db">The context.</param>
    /// <param name="idOrName">Its id, or its name: <c>hello#7</c>.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    /// <exception cref="ProblemException">There is none.</exception>
    public static async Task<DeploymentState> FindDeploymentAsync(this PaasDbContext db, string idOrName, CancellationToken cancellation)
    {
        var deployments = db.Deployments.AsNoTracking();
        if (Guid.TryParseExact(idOrName, "D", out var id))
            deployments = deployments.Where(deployment => deployment.CorrelationId == id);
        else if (NamePattern().Match(idOrName) is { Success: true } name && int.TryParse(name.Groups["number"].ValueSpan, CultureInfo.InvariantCulture, out var number)
            && (await db.FindAppAsync(name.Groups["app"].Value, cancellation)).MainEnvironment().Id is var environment)
            deployments = deployments.Where(deployment => deployment.EnvironmentId == environment && deployment.Sequence == number);
        else
            throw ProblemException.NotFound(GatewayTexts.DeploymentUnknown(idOrName));
        return await deployments.SingleOrDefaultAsync(cancellation) ?? throw ProblemException.NotFound(GatewayTexts.DeploymentUnknown(idOrName));
    }

    public static Accepted<DeploymentResponse> AcceptedAt(DeploymentState deployment) =>
        TypedResults.Accepted($"/v1/deployments/{deployment.CorrelationId}", DeploymentView.Show(deployment));

    private static async Task<Accepted<DeploymentResponse>> CreateAsync(
        string app, JsonBody<CreateDeploymentRequest> body, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, TimeProvider clock,
        CancellationToken cancellation)
    {
        var asked = body.Optional ?? new CreateDeploymentRequest();
        Check(asked);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var found = await db.FindAppAsync(app, cancellation);
        var environment = found.MainEnvironment();
        var deployment = await db.AddDeploymentAsync(
            found, environment.Id, DeploymentTriggers.Manual, caller.CallerName(), clock.GetUtcNow().UtcDateTime, cancellation);
        deployment.Commit = asked.Commit?.ToLowerInvariant();
        deployment.Ref = asked.Ref ?? (asked.Commit is null ? $"refs/heads/{environment.Branch}" : null);
        deployment.NoCache = asked.NoCache;
        await outbox.PublishAsync(new DeploymentRequested { DeploymentId = deployment.CorrelationId }, cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return AcceptedAt(deployment);
    }

    private static void Check(CreateDeploymentRequest asked)
    {
        if (asked.Ref is not null && asked.Commit is not null)
            throw ProblemException.Invalid("commit", GatewayTexts.RefAndCommit());
        if (asked.Ref is not null && RefName.Check(asked.Ref) is { } error)
            throw ProblemException.Invalid("ref", error);
        if (asked.Commit is not null && !CommitPattern().IsMatch(asked.Commit))
            throw ProblemException.Invalid("commit", GatewayTexts.CommitMalformed(asked.Commit));
    }

    private static async Task<Ok<Page<DeploymentResponse>>> ListOfAppAsync(
        string app, [AsParameters] PageQuery query, PaasDbContext db, CancellationToken cancellation)
    {
        var id = await db.FindAppIdAsync(app, cancellation);
        return await PageAsync(db.Deployments.Where(deployment => deployment.AppId == id), query, cancellation);
    }

    private static Task<Ok<Page<DeploymentResponse>>> ListAsync([AsParameters] PageQuery query, PaasDbContext db, CancellationToken cancellation) =>
        PageAsync(db.Deployments.Where(deployment => db.Apps.Any(app => app.Id == deployment.AppId)), query, cancellation);

    private static async Task<Ok<Page<DeploymentResponse>>> PageAsync(IQueryable<DeploymentState> deployments, PageQuery query, CancellationToken cancellation)
    {
        if (query.After is { } after)
            deployments = deployments.Where(x => x.CreatedAt < after.At || (x.CreatedAt == after.At && x.CorrelationId < after.Id));
        var found = await deployments.AsNoTracking().OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.CorrelationId)
            .Take(query.Size + 1).ToListAsync(cancellation);
        return TypedResults.Ok(query.ToPage(found, deployment => new Position(deployment.CreatedAt, deployment.CorrelationId), DeploymentView.Show));
    }

    private static async Task<Ok<DeploymentResponse>> GetAsync(string id, PaasDbContext db, CancellationToken cancellation) =>
        TypedResults.Ok(DeploymentView.Show(await db.FindDeploymentAsync(id, cancellation)));

    private static async Task<Accepted<DeploymentResponse>> CancelAsync(
        string id, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, CancellationToken cancellation)
    {
        var deployment = await db.FindDeploymentAsync(id, cancellation);
        if (DeploymentStates.IsFinal(deployment.CurrentState))
            throw ProblemException.Conflict(GatewayTexts.CancelTooLate(deployment.Name, deployment.CurrentState));
        await outbox.PublishAsync(new CancelDeployment { DeploymentId = deployment.CorrelationId, RequestedBy = caller.CallerName() }, cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return AcceptedAt(deployment);
    }

    [GeneratedRegex(@"^[0-9a-fA-F]{40}\z")]
    private static partial Regex CommitPattern();

    [GeneratedRegex(@"^(?<app>[^#]+)#(?<number>[1-9][0-9]{0,8})\z")]
    private static partial Regex NamePattern();
}
