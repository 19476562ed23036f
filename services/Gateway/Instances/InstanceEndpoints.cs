using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Apps;
using Paas.Gateway.Http;
using Paas.Gateway.Output;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Instances;

/// <summary>How the instances of apps are, and what happened to them.</summary>
internal static class InstanceEndpoints
{
    /// <summary>For one app somebody waits; the list of all is shown beside other things, and must not hold them up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), ShortPatience = TimeSpan.FromSeconds(3);

    public static void MapInstances(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/instances", ListAsync).WithTags("Apps").WithSummary("How the instances of all apps are, as far as their targets tell within three seconds.");
        v1.MapGet("/apps/{app}/instances", ListOfAppAsync).WithTags("Apps")
            .WithSummary("How the instances of an app's live release are, with the last line of each.").ProducesProblem(404).ProducesProblem(503);
        v1.MapGet("/apps/{app}/events", EventsAsync).WithTags("Apps")
            .WithSummary("What happened to an app while it was live, newest first: that it crashed again and again, and that it recovered.").ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<Ok<InstancesResponse>> ListAsync(PaasDbContext db, DeployerClient deployer, CancellationToken cancellation)
    {
        var apps = await db.Environments.AsNoTracking().Where(environment => environment.LiveRelease != null)
            .Join(db.Apps, environment => environment.AppId, app => app.Id, (_, app) => new { app.Id, app.Name, app.Target }).ToListAsync(cancellation);
        var names = apps.ToDictionary(app => app.Id, app => app.Name);
        var answers = await Task.WhenAll(apps.Select(app => app.Target).Distinct().Order(StringComparer.Ordinal).Select(async target =>
        {
            try
            {
                return (Found: await deployer.AskAsync(new FindInstances { Target = target }, ShortPatience, cancellation), Silent: (SilentTarget?)null);
            }
            catch (ProblemException problem)
            {
                return (Found: [], Silent: new SilentTarget { Target = target, Message = problem.Message });
            }
        }));
        return TypedResults.Ok(new InstancesResponse
        {
            Instances = [.. answers.SelectMany(answer => answer.Found).Where(instance => names.ContainsKey(instance.AppId))
                .Select(instance => Show(instance, names[instance.AppId])).OrderBy(instance => instance.App, StringComparer.Ordinal).ThenBy(instance => instance.Name, StringComparer.Ordinal)],
            Unknown = [.. answers.Select(answer => answer.Silent).OfType<SilentTarget>()],
        });
    }

    private static async Task<Ok<InstancesResponse>> ListOfAppAsync(string app, PaasDbContext db, DeployerClient deployer, CancellationToken cancellation)
    {
        var found = await db.FindAppAsync(app, cancellation);
        var instances = found.MainEnvironment().LiveRelease is null
            ? []
            : await deployer.AskAsync(new FindInstances { Target = found.Target, AppId = found.Id, WithLastLines = true }, Patience, cancellation);
        return TypedResults.Ok(new InstancesResponse { Instances = [.. instances.Where(instance => instance.AppId == found.Id).Select(instance => Show(instance, found.Name))] });
    }

    private static async Task<Ok<Page<AppEventResponse>>> EventsAsync(string app, [AsParameters] PageQuery query, PaasDbContext db, CancellationToken cancellation)
    {
        var id = await db.FindAppIdAsync(app, cancellation);
        var events = db.AppEvents.AsNoTracking().Where(x => x.AppId == id);
        if (query.After is { } after)
            events = events.Where(x => x.At < after.At || (x.At == after.At && x.Id < after.Id));
        var found = await events.OrderByDescending(x => x.At).ThenByDescending(x => x.Id).Take(query.Size + 1).ToListAsync(cancellation);
        return TypedResults.Ok(query.ToPage(found, happened => new Position(happened.At, happened.Id), Show));
    }

    private static InstanceResponse Show(InstanceStatus instance, string app) => new()
    {
        App = app,
        Name = instance.Name,
        Process = instance.Process,
        Release = instance.Release,
        State = instance.State,
        Since = instance.Since,
        Restarts = instance.Restarts,
        LastExitCode = instance.LastExitCode,
        Reason = instance.Reason,
        LastExitAt = instance.LastExitAt,
        LastLine = instance.LastLine,
    };

    private static AppEventResponse Show(AppEvent happened) => new()
    {
        Id = happened.Id,
        Kind = happened.Kind,
        Process = happened.Process,
        Instance = happened.Instance,
        Release = happened.Release,
        At = happened.At,
        LastAt = happened.LastAt,
        Restarts = happened.Restarts,
        ExitCode = happened.ExitCode,
        Reason = happened.Reason,
        LastLine = happened.LastLine,
        Message = happened.Kind == AppEventKind.CrashLooping
            ? GatewayTexts.CrashLooping(happened.Instance, happened.Release, happened.Restarts, happened.ExitCode)
            : GatewayTexts.Recovered(happened.Process, happened.Release),
    };
}
