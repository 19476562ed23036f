using System.Globalization;
using System.Text.RegularExpressions;
using Paas.Contracts;
using Paas.Gateway.Apps;
using Paas.Gateway.Http;
using Paas.Persistence;

namespace Paas.Gateway.Output;

internal static partial class AppLogEndpoints
{
    private const int DefaultTail = 100;

    public static void MapAppLogs(this IEndpointRouteBuilder v1) => v1.MapGroup("/apps/{app}/logs").WithTags("Apps").MapGet("/", GetAsync)
        .WithSummary("What the app's instances print: its last lines as text, and with follow=true those to come; or server-sent events with Accept: text/event-stream, which go on.")
        .Produces<string>(200, "text/plain", "text/event-stream").ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);

    private static async Task GetAsync(
        string app, bool? follow, string? tail, string? process, HttpContext context, PaasDbContext db, DeployerClient deployer, OutputFollower follower)
    {
        var last = tail is null ? DefaultTail : OutputEndpoint.Tail(tail);
        if (process is not null && !ProcessPattern().IsMatch(process))
            throw ProblemException.Invalid("process", GatewayTexts.ProcessMalformed(process));
        var cursor = OutputEndpoint.ResumeAfter(context.Request);
        var found = await db.FindAppAsync(app, context.RequestAborted);
        var goesOn = follow ?? EventStream.IsWanted(context.Request);
        var isLive = found.MainEnvironment().LiveRelease is not null;
        await OutputEndpoint.WriteAsync(
            context, stop => follower.ReadAsync(found.Id, AskAsync, cursor, goesOn, stop), goesOn, found.Name, Line,
            isLive ? null : () => ProblemException.Conflict(GatewayTexts.NothingPrinted(found.Name)));

        Task<OutputLines> AskAsync(string? after, TimeSpan wait, CancellationToken cancellation) => deployer.AskAsync(
            new ReadAppLogs { AppId = found.Id, App = found.Name, Target = found.Target, Cursor = after, Tail = last, Process = process is null ? null : ProcessName.OfInstance(process), Wait = wait }, cancellation);
    }

    private static string Line(OutputLine line) =>
        string.Create(CultureInfo.InvariantCulture, $"{line.At:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {line.Source} | {line.Text}");

    // An instance is known by its number, or on a cluster by the end of its pod's name.
    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?\z")]
    private static partial Regex ProcessPattern();
}
