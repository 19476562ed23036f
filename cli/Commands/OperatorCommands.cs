using System.CommandLine;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>faults</c>, <c>replay</c>, <c>discard</c>, <c>dead-messages</c> and <c>deliveries</c>: what the platform met with, and how to go on.</summary>
internal static class OperatorCommands
{
    private static readonly TimeSpan BeginsWithin = TimeSpan.FromSeconds(15);
    private static readonly Option<string?> From = OfStep("--from", CliTexts.HelpFrom());
    private static readonly Option<string?> ByStep = OfStep("--step", CliTexts.HelpByStep());
    private static readonly Option<string?> ByApp = new("--app") { Description = CliTexts.HelpOptionalApp(), HelpName = "APP" };
    private static readonly Option<string?> Since = new("--since") { Description = CliTexts.HelpSince(), HelpName = "TIME" };
    private static readonly Option<string?> Until = new("--until") { Description = CliTexts.HelpUntil(), HelpName = "TIME" };
    private static readonly Option<bool> Every = new("--all") { Description = CliTexts.HelpReplayAll() };
    private static readonly Option<string> Reason = new("--reason") { Description = CliTexts.HelpReason(), HelpName = "TEXT", Required = true };
    private static readonly Argument<Guid> Message = new("ID") { Description = CliTexts.HelpMessage() };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("deliveries", CliTexts.HelpDeliveries(), DeliveriesAsync, CommonOptions.OptionalApp, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor),
        commands.Create("faults", CliTexts.HelpFaults(), FaultsAsync,
            CommonOptions.OptionalDeployment, ByStep, ByApp, Since, Until, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor),
        commands.Create("replay", CliTexts.HelpReplay(), ReplayAsync,
            CommonOptions.OptionalDeployment, From, Every, ByStep, ByApp, Since, Until, CommonOptions.NoFollow, CommonOptions.Json),
        commands.Create("discard", CliTexts.HelpDiscard(), DiscardAsync, CommonOptions.Deployment, Reason, CommonOptions.Json),
        commands.Create("dead-messages", CliTexts.HelpDeadMessages(), DeadMessagesAsync, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor,
            commands.Create("discard", CliTexts.HelpDiscardMessage(), DiscardMessageAsync, Message, Reason)),
    ];

    private static async Task<int> DeliveriesAsync(Session session)
    {
        var app = session.Parse.GetValue(CommonOptions.OptionalApp);
        var path = ApiPaths.WithPage(ApiPaths.Deliveries, session.Parse.GetValue(CommonOptions.Limit), session.Parse.GetValue(CommonOptions.Cursor))
            + (app is null ? "" : $"&app={Uri.EscapeDataString(app)}");
        return session.Print(await session.Client.GetAsync(path, session.Cancellation), ApiJson.Default.PageDeliveryResponse, page =>
        {
            var deliveries = page.Items.Where(delivery => app is null || delivery.App == app).ToList();
            if (deliveries.Count == 0)
            {
                session.Out.WriteLine(CliTexts.NoDeliveries());
                return;
            }

            var table = new Columns("RECEIVED", "EVENT", "APP", "REF", "COMMIT", "DECISION", "REASON");
            foreach (var delivery in deliveries)
            {
                table.Add(
                    Words.Ago(delivery.ReceivedAt, session.Terminal.Time.GetUtcNow()),
                    delivery.Event,
                    delivery.App ?? "-",
                    Words.ShortRef(delivery.Ref),
                    Words.ShortCommit(delivery.Commit),
                    delivery.Decision,
                    delivery.Reason);
            }

            table.Write(session.Terminal);
            session.SayMore(page.Next);
        });
    }

    private static async Task<int> FaultsAsync(Session session)
    {
        if (session.Parse.GetValue(CommonOptions.OptionalDeployment) is { } one)
            return await FaultAsync(session, one);
        var path = ApiPaths.WithPage(ApiPaths.Faults, session.Parse.GetValue(CommonOptions.Limit), session.Parse.GetValue(CommonOptions.Cursor))
            + Query("step", session.Parse.GetValue(ByStep)) + Query("app", session.Parse.GetValue(ByApp))
            + Query("since", session.Time(Since)?.ToString("O")) + Query("until", session.Time(Until)?.ToString("O"));
        var answer = await session.Client.GetAsync(path, session.Cancellation);
        var others = session.Json ? null : await AskForDeadMessagesAsync(session);
        return session.Print(answer, ApiJson.Default.PageFaultResponse, page =>
        {
            if (page.Items.Count == 0)
                session.Out.WriteLine(CliTexts.NoFaults());
            else
                FaultText.WriteTable(session, page.Items);
            session.SayMore(page.Next);
            if (others is not null)
                session.Out.WriteLine(others);
        });

        static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";
    }

    private static async Task<int> FaultAsync(Session session, string idOrApp)
    {
        if (new Option<string?>[] { ByStep, ByApp, Since, Until }.FirstOrDefault(option => session.Parse.GetValue(option) is not null) is { } narrowing)
            throw CliException.Usage(CliTexts.NotWithOne(narrowing.Name));
        var id = await session.Client.FindDeploymentAsync(idOrApp, session.Cancellation);
        return session.Print(
            await session.Client.GetAsync(ApiPaths.Fault(id), session.Cancellation), ApiJson.Default.FaultDetailResponse, detail => FaultText.Write(session, detail));
    }

    private static async Task<string?> AskForDeadMessagesAsync(Session session)
    {
        var answer = await session.Client.TrySendAsync(
            new HttpRequestMessage(HttpMethod.Get, ApiPaths.WithPage(ApiPaths.DeadMessages, 1, null)), session.Cancellation);
        if (answer.Status == System.Net.HttpStatusCode.ServiceUnavailable)
            return CliTexts.DeadMessagesUnknown();
        return answer.Status == System.Net.HttpStatusCode.OK && answer.Read(ApiJson.Default.PageDeadMessageResponse).Items.Count > 0
            ? CliTexts.ThereAreDeadMessages()
            : null;
    }

    private static async Task<int> ReplayAsync(Session session)
    {
        var one = session.Parse.GetValue(CommonOptions.OptionalDeployment);
        if (session.Parse.GetValue(Every))
            return one is null ? await ReplayManyAsync(session) : throw CliException.Usage(CliTexts.ReplayOneOrAll());
        if (one is null)
            throw CliException.Usage(CliTexts.ReplayOneOrAll());
        if (new Option<string?>[] { ByStep, ByApp, Since, Until }.FirstOrDefault(option => session.Parse.GetValue(option) is not null) is { } narrowing)
            throw CliException.Usage(CliTexts.NotWithOne(narrowing.Name));
        var id = await session.Client.FindDeploymentAsync(one, session.Cancellation);
        var before = await session.Client.GetDeploymentAsync(id, session.Cancellation);
        var request = new ReplayRequest { From = session.Parse.GetValue(From) };
        await session.Client.SendAsync(HttpMethod.Post, ApiPaths.Replay(id), request, ApiJson.Default.ReplayRequest, session.Cancellation);
        return await session.BeginAsync(await WaitForChangeAsync(session, before));
    }

    private static async Task<int> ReplayManyAsync(Session session)
    {
        if (session.Parse.GetValue(From) is not null)
            throw CliException.Usage(CliTexts.FromNeedsOne());
        var request = new ReplayManyRequest
        {
            Step = session.Parse.GetValue(ByStep),
            App = session.Parse.GetValue(ByApp),
            Since = session.Time(Since),
            Until = session.Time(Until),
        };
        var answer = await session.Client.SendAsync(
            HttpMethod.Post, ApiPaths.ReplayMany, request, ApiJson.Default.ReplayManyRequest, session.Cancellation);
        return session.Print(answer, ApiJson.Default.ReplayManyResponse, replayed => session.Out.WriteLine(CliTexts.Replayed(replayed.Replayed)));
    }

    private static async Task<int> DiscardAsync(Session session)
    {
        var id = await session.Client.FindDeploymentAsync(session.Parse.GetRequiredValue(CommonOptions.Deployment), session.Cancellation);
        var before = await session.Client.GetDeploymentAsync(id, session.Cancellation);
        var request = new DiscardRequest { Reason = session.Parse.GetRequiredValue(Reason) };
        await session.Client.SendAsync(HttpMethod.Post, ApiPaths.Discard(id), request, ApiJson.Default.DiscardRequest, session.Cancellation);
        return session.Print(
            await WaitForChangeAsync(session, before), ApiJson.Default.DeploymentResponse, after => session.Out.WriteLine(CliTexts.Discarded(after.Name, after.State)));
    }

    private static async Task<int> DeadMessagesAsync(Session session)
    {
        var path = ApiPaths.WithPage(ApiPaths.DeadMessages, session.Parse.GetValue(CommonOptions.Limit), session.Parse.GetValue(CommonOptions.Cursor));
        return session.Print(await session.Client.GetAsync(path, session.Cancellation), ApiJson.Default.PageDeadMessageResponse, page =>
        {
            if (page.Items.Count == 0)
                session.Out.WriteLine(CliTexts.NoDeadMessages());
            else
                FaultText.WriteTable(session, page.Items);
            session.SayMore(page.Next);
        });
    }

    private static async Task<int> DiscardMessageAsync(Session session)
    {
        var id = session.Parse.GetRequiredValue(Message);
        var request = new DiscardRequest { Reason = session.Parse.GetRequiredValue(Reason) };
        await session.Client.SendAsync(HttpMethod.Post, ApiPaths.DiscardMessage(id), request, ApiJson.Default.DiscardRequest, session.Cancellation);
        session.Out.WriteLine(CliTexts.MessageDiscarded(id));
        return ExitCodes.Done;
    }

    // What was asked for is accepted before it happens; until then the deployment still says how it ended last time.
    private static async Task<ApiAnswer> WaitForChangeAsync(Session session, DeploymentResponse before)
    {
        var time = session.Terminal.Time;
        var begun = time.GetTimestamp();
        while (true)
        {
            var answer = await session.Client.GetAsync(ApiPaths.Deployment(before.Id), session.Cancellation);
            var now = answer.Read(ApiJson.Default.DeploymentResponse);
            if ((now.State, now.Step, now.Attempt) != (before.State, before.Step, before.Attempt) || time.GetElapsedTime(begun) > BeginsWithin)
                return answer;
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, session.Cancellation);
        }
    }

    private static Option<string?> OfStep(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "STEP" };
        option.AcceptOnlyFromAmong([.. Step.InOrder]);
        return option;
    }
}
