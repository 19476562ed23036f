using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Apps;
using Paas.Gateway.Http;
using Paas.Gateway.Output;
using Paas.Gateway.Releases;
using Paas.Hosting.Secrets;
using Paas.Persistence;

namespace Paas.Gateway.Runs;

internal static class RunEndpoints
{
    private const int MaxNameLength = 64;

    public static void MapRuns(this IEndpointRouteBuilder v1)
    {
        var runs = v1.MapGroup("/apps/{app}/runs").WithTags("Runs").ProducesProblem(404).ProducesProblem(503);
        runs.MapPost("/", CreateAsync).WithSummary("Runs a command once, with all that the app's live release has. There is no terminal and no input.")
            .ProducesProblem(400).ProducesProblem(409);
        runs.MapGet("/", ListAsync).WithSummary("An app's runs that are under way or ended within the last hour, newest first.");
        runs.MapGet("/{run}", GetAsync).WithSummary("A run, by its id or name: its state, and its exit code when it has ended.");
        runs.MapPost("/{run}/stop", StopAsync).WithSummary("Stops a run, and answers when it has ended.");
        runs.MapGet("/{run}/logs", LogsAsync)
            .WithSummary("What a run prints: so far, and with follow=true to its end, as text; or server-sent events with Accept: text/event-stream, to its end.")
            .Produces<string>(200, "text/plain", "text/event-stream");
    }

    private static async Task<Accepted<RunResponse>> CreateAsync(
        string app, JsonBody<CreateRunRequest> body, PaasDbContext db, LiveRelease live, DeployerClient deployer, SecretSealer sealer, CancellationToken cancellation)
    {
        var asked = body.Required;
        var (command, variables, limit) = (RunRules.Command(asked.Command), RunRules.Variables(asked), RunRules.TimeLimit(asked.Timeout));
        var found = await db.FindAppAsync(app, cancellation);
        var release = await live.FindAsync(found.MainEnvironment(), cancellation)
            ?? throw ProblemException.Conflict(GatewayTexts.NothingToRunWith(found.Name));
        var run = await deployer.AskAsync(new StartRun
        {
            RunId = NewId.NextGuid(),
            AppId = found.Id,
            App = found.Name,
            Target = found.Target,
            Release = release.Version,
            ImageDigest = release.ImageDigest,
            Run = release.RunPlan,
            Commit = release.Commit,
            SealedConfigVars = release.SealedConfigVars,
            SealedVariables = sealer.SealAll(variables),
            Command = command,
            TimeLimit = limit,
        }, cancellation);
        return TypedResults.Accepted($"/v1/apps/{found.Name}/runs/{run.RunId}", RunView.Show(found.Name, run));
    }

    private static async Task<Ok<RunsResponse>> ListAsync(string app, PaasDbContext db, DeployerClient deployer, CancellationToken cancellation)
    {
        var found = await db.FindAppAsync(app, cancellation);
        var runs = await deployer.AskAsync(new FindRuns { AppId = found.Id, App = found.Name, Target = found.Target }, cancellation);
        return TypedResults.Ok(new RunsResponse { Items = [.. runs.Select(run => RunView.Show(found.Name, run))] });
    }

    private static async Task<Ok<RunResponse>> GetAsync(string app, string run, PaasDbContext db, DeployerClient deployer, CancellationToken cancellation)
    {
        var found = await db.FindAppAsync(app, cancellation);
        var runs = await deployer.AskAsync(new FindRuns { AppId = found.Id, App = found.Name, Target = found.Target, Run = Checked(run) }, cancellation);
        return TypedResults.Ok(RunView.Show(found.Name, runs[0]));
    }

    private static async Task<Ok<RunResponse>> StopAsync(string app, string run, PaasDbContext db, DeployerClient deployer, CancellationToken cancellation)
    {
        var found = await db.FindAppAsync(app, cancellation);
        var stopped = await deployer.AskAsync(new StopRun { AppId = found.Id, App = found.Name, Target = found.Target, Run = Checked(run) }, cancellation);
        return TypedResults.Ok(RunView.Show(found.Name, stopped));
    }

    private static async Task LogsAsync(
        string app, string run, bool? follow, HttpContext context, PaasDbContext db, DeployerClient deployer, OutputFollower follower)
    {
        var cursor = OutputEndpoint.ResumeAfter(context.Request);
        var found = await db.FindAppAsync(app, context.RequestAborted);
        var name = Checked(run);
        var goesOn = follow ?? EventStream.IsWanted(context.Request);
        await OutputEndpoint.WriteAsync(
            context, stop => follower.ReadAsync(found.Id, AskAsync, cursor, goesOn, stop), goesOn, found.Name, line => line.Text, ifEmpty: null);

        Task<OutputLines> AskAsync(string? after, TimeSpan wait, CancellationToken cancellation) => deployer.AskAsync(
            new ReadRunOutput { AppId = found.Id, App = found.Name, Target = found.Target, Run = name, Cursor = after, Wait = wait }, cancellation);
    }

    private static string Checked(string run) =>
        run.Length <= MaxNameLength ? run : throw ProblemException.NotFound(GatewayTexts.RunUnknown(run));
}
