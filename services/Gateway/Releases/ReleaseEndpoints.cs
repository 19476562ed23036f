using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Access;
using Paas.Gateway.Apps;
using Paas.Gateway.Deployments;
using Paas.Gateway.Http;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.Releases;

internal static class ReleaseEndpoints
{
    public static void MapReleases(this IEndpointRouteBuilder v1)
    {
        var releases = v1.MapGroup("/apps/{app}/releases").WithTags("Releases").ProducesProblem(404);
        releases.MapGet("/", ListAsync).WithSummary("An app's releases, newest first.").ProducesProblem(400);
        releases.MapPost("/{version}/rollback", RollBackAsync).WithSummary("Deploys an earlier release again, under a new number.").ProducesProblem(409);
        v1.MapPost("/apps/{app}/restart", RestartAsync).WithTags("Releases")
            .WithSummary("Makes a new release of the live one as it is: new instances take over.").ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<Accepted<DeploymentResponse>> RestartAsync(
        string app, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, LiveRelease live, CancellationToken cancellation)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var found = await db.FindAppAsync(app, cancellation);
        var environment = await db.LockEnvironmentAsync(found.MainEnvironment().Id, cancellation)
            ?? throw ProblemException.NotFound(GatewayTexts.AppUnknown(app)); // removed meanwhile
        if (environment.LiveRelease is null)
            throw ProblemException.Conflict(GatewayTexts.NothingToRestart(app));
        var deployment = await live.DeployAsync(found, environment, DeploymentTriggers.Restart, GatewayTexts.Restart(), caller.CallerName(), cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return DeploymentEndpoints.AcceptedAt(deployment);
    }

    private static async Task<Ok<Page<ReleaseResponse>>> ListAsync(string app, [AsParameters] PageQuery query, PaasDbContext db, CancellationToken cancellation)
    {
        var id = await db.FindAppIdAsync(app, cancellation);
        var releases = db.Releases.AsNoTracking().Where(release => release.AppId == id);
        if (query.AfterNumber is { } after)
            releases = releases.Where(release => release.Version < after);
        var found = await releases.OrderByDescending(release => release.Version).Take(query.Size + 1).ToListAsync(cancellation);
        return TypedResults.Ok(query.ToPage(found, release => release.Version, Show));
    }

    private static async Task<Accepted<DeploymentResponse>> RollBackAsync(
        string app, string version, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, TimeProvider clock, CancellationToken cancellation)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var found = await db.FindAppAsync(app, cancellation);
        var environment = (await db.LockEnvironmentAsync(found.MainEnvironment().Id, cancellation))!;
        var release = await FindAsync(db, found, environment, version, cancellation);
        if (environment.LiveRelease == release.Version)
            throw ProblemException.Conflict(GatewayTexts.RollbackToLive(release.Version, app));
        if (release.State is not (ReleaseStates.Live or ReleaseStates.Retired))
            throw ProblemException.Conflict(GatewayTexts.RollbackToNeverLive(release.Version, app));

        var deployment = await db.AddDeploymentAsync(
            found, environment.Id, DeploymentTriggers.Rollback, caller.CallerName(), clock.GetUtcNow().UtcDateTime, cancellation);
        deployment.RollbackTo = release.Version;
        deployment.Commit = release.Commit;
        deployment.Description = GatewayTexts.Rollback(release.Version);
        await outbox.PublishAsync(new DeploymentRequested { DeploymentId = deployment.CorrelationId }, cancellation);
        await outbox.SaveChangesAsync(cancellation);
        return DeploymentEndpoints.AcceptedAt(deployment);
    }

    private static async Task<Release> FindAsync(PaasDbContext db, App app, AppEnvironment environment, string version, CancellationToken cancellation)
    {
        var release = int.TryParse(version.TrimStart('v'), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? await db.Releases.AsNoTracking().SingleOrDefaultAsync(x => x.EnvironmentId == environment.Id && x.Version == number, cancellation)
            : null;
        return release ?? throw ProblemException.NotFound(GatewayTexts.ReleaseUnknown(version, app.Name));
    }

    private static ReleaseResponse Show(Release release) => new()
    {
        Version = release.Version,
        DeploymentId = release.DeploymentId,
        Commit = release.Commit,
        ImageDigest = release.ImageDigest,
        Description = release.Description,
        State = release.State,
        CreatedAt = release.CreatedAt,
    };
}
