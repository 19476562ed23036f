using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Access;
using Paas.Gateway.Http;
using Paas.Gateway.Router;
using Paas.Hosting.Messaging;
using Paas.Hosting.Secrets;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.Apps;

internal static class AppEndpoints
{
    public static void MapApps(this IEndpointRouteBuilder v1)
    {
        var apps = v1.MapGroup("/apps").WithTags("Apps");
        apps.MapPost("/", CreateAsync).WithSummary("Makes an app. A webhook secret that is made for it is shown only now.")
            .ProducesProblem(400).ProducesProblem(409);
        apps.MapGet("/", ListAsync).WithSummary("All apps, newest first.").ProducesProblem(400);
        apps.MapGet("/{app}", GetAsync).WithSummary("One app.").ProducesProblem(404);
        apps.MapPatch("/{app}", UpdateAsync).WithSummary("Changes an app; takes effect with its next deployment.").ProducesProblem(400).ProducesProblem(404);
        apps.MapDelete("/{app}", DeleteAsync).WithSummary("Stops an app and removes it.").ProducesProblem(404);
    }

    private static async Task<Created<AppResponse>> CreateAsync(
        JsonBody<CreateAppRequest> body, HttpRequest request, PaasDbContext db, AppRules rules, AppView view, RepositoryLookup lookup, SecretSealer sealer,
        TimeProvider clock, CancellationToken cancellation)
    {
        var asked = body.Required;
        var name = AppRules.Name(asked.Name);
        var (repository, key) = rules.Repository(asked.Repository);
        var askedBranch = asked.Branch is null ? null : AppRules.Branch(asked.Branch);
        var root = AppRules.Root(asked.Root);
        var target = rules.AppTarget(asked.Target ?? Target.Local);
        var policy = AppRules.Policy(asked.Policy ?? ConcurrencyPolicy.Latest);
        var secret = asked.WebhookSecret is null ? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)) : AppRules.WebhookSecret(asked.WebhookSecret);
        var token = string.IsNullOrEmpty(asked.RepositoryToken) ? null : AppRules.RepositoryToken(asked.RepositoryToken);
        await RefuseTakenAsync();
        var sealedToken = token is null ? null : sealer.Seal(token);
        var (branch, warning) = await lookup.FindBranchAsync(name, repository, sealedToken, askedBranch, cancellation);

        var app = new App
        {
            Id = NewId.NextGuid(),
            Name = name,
            Repository = repository,
            RepositoryKey = key,
            Root = root,
            SealedRepositoryToken = sealedToken,
            SealedWebhookSecret = sealer.Seal(secret),
            Target = target,
            SkipCi = asked.SkipCi ?? true,
            WatchPaths = AppRules.WatchPaths(asked.WatchPaths ?? []),
            CreatedAt = clock.GetUtcNow().UtcDateTime,
            Environments = [new AppEnvironment { Id = NewId.NextGuid(), Name = AppEnvironment.Production, Branch = branch, Policy = policy }],
        };
        db.Apps.Add(app);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException)
        {
            await RefuseTakenAsync(); // by another request, meanwhile
            throw;
        }

        return TypedResults.Created($"/v1/apps/{name}", await view.ShowAsync(app.Id, request, secret, cancellation) with { Warnings = AsWarnings(warning) });

        async Task RefuseTakenAsync()
        {
            if (await db.Apps.AnyAsync(other => other.Name == name, cancellation))
                throw ProblemException.Conflict(GatewayTexts.NameTaken(name));
        }
    }

    private static async Task<Ok<Page<AppResponse>>> ListAsync(
        [AsParameters] PageQuery query, HttpRequest request, PaasDbContext db, AppView view, CancellationToken cancellation)
    {
        var apps = db.Apps.AsNoTracking();
        if (query.After is { } after)
            apps = apps.Where(x => x.CreatedAt < after.At || (x.CreatedAt == after.At && x.Id < after.Id));
        // First the page, then what belongs to its apps: the other way round it would be looked up for every app.
        var page = apps.OrderByDescending(x => x.CreatedAt).ThenByDescending(x => x.Id).Take(query.Size + 1);
        var found = await view.Rows(page).OrderByDescending(x => x.App.CreatedAt).ThenByDescending(x => x.App.Id).ToListAsync(cancellation);
        return TypedResults.Ok(query.ToPage(found, row => new Position(row.App.CreatedAt, row.App.Id), row => view.Show(row, request)));
    }

    private static async Task<Ok<AppResponse>> GetAsync(string app, HttpRequest request, PaasDbContext db, AppView view, CancellationToken cancellation) =>
        TypedResults.Ok(await view.ShowAsync(await db.FindAppIdAsync(app, cancellation), request, secret: null, cancellation));

    private static async Task<Ok<AppResponse>> UpdateAsync(
        string app, JsonBody<UpdateAppRequest> body, HttpRequest request, PaasDbContext db, AppRules rules, AppView view, RepositoryLookup lookup,
        SecretSealer sealer, CancellationToken cancellation)
    {
        var asked = body.Required;
        var found = await db.FindAppAsync(app, cancellation);
        var environment = found.MainEnvironment();
        if (asked.Repository is not null)
            (found.Repository, found.RepositoryKey) = rules.Repository(asked.Repository);
        if (asked.Branch is not null)
            environment.Branch = AppRules.Branch(asked.Branch);
        if (asked.Root is not null)
            found.Root = AppRules.Root(asked.Root);
        if (asked.Policy is not null)
            environment.Policy = AppRules.Policy(asked.Policy);
        found.SkipCi = asked.SkipCi ?? found.SkipCi;
        if (asked.WatchPaths is not null)
            found.WatchPaths = AppRules.WatchPaths(asked.WatchPaths);
        if (asked.WebhookSecret is not null)
            found.SealedWebhookSecret = sealer.Seal(AppRules.WebhookSecret(asked.WebhookSecret));
        if (asked.RepositoryToken is not null)
            found.SealedRepositoryToken = asked.RepositoryToken.Length == 0 ? null : sealer.Seal(AppRules.RepositoryToken(asked.RepositoryToken));
        await db.SaveChangesAsync(cancellation);
        var warning = asked.Repository is null && asked.Branch is null && asked.RepositoryToken is null ? null
            : (await lookup.FindBranchAsync(found.Name, found.Repository, found.SealedRepositoryToken, environment.Branch, cancellation)).Warning;
        return TypedResults.Ok(await view.ShowAsync(found.Id, request, asked.WebhookSecret, cancellation) with { Warnings = AsWarnings(warning) });
    }

    private static string[]? AsWarnings(string? warning) => warning is null ? null : [warning];

    private static async Task<NoContent> DeleteAsync(
        string app, ClaimsPrincipal caller, PaasDbContext db, BusOutbox outbox, RouteSwitch routes, CancellationToken cancellation)
    {
        var id = await db.FindAppIdAsync(app, cancellation);
        await routes.RemoveAsync(id, RemoveAsync, cancellation);
        return TypedResults.NoContent();

        async Task<long?> RemoveAsync()
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
            var found = await db.LockAppAsync(id, cancellation) ?? throw ProblemException.NotFound(GatewayTexts.AppUnknown(app));
            // Deployments stay, so that those under way, and those that faulted, can be ended.
            var unfinished = await db.Deployments.AsNoTracking().Where(x => x.AppId == id && !Finished.Contains(x.CurrentState))
                .Select(x => x.CorrelationId).ToListAsync(cancellation);
            var requestedBy = GatewayTexts.RemovedBy(caller.CallerName(), app);
            foreach (var deployment in unfinished)
                await outbox.PublishAsync(new CancelDeployment { DeploymentId = deployment, RequestedBy = requestedBy }, cancellation);
            await outbox.SendAsync(Hosting.Messaging.Endpoints.RemoveApp, new RemoveApp { AppId = id, App = found.Name, Target = found.Target }, cancellation);
            await db.Releases.Where(release => release.AppId == id).ExecuteDeleteAsync(cancellation);
            db.Apps.Remove(found);
            var change = await db.RemoveRouteAsync(id, cancellation);
            await outbox.SaveChangesAsync(cancellation);
            return change;
        }
    }

    private static readonly string[] Finished =
        [DeploymentStates.Succeeded, DeploymentStates.Failed, DeploymentStates.Canceled, DeploymentStates.Superseded];
}
