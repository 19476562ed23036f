using System.CommandLine;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>faults</c>, <c>replay</c> and <c>deliveries</c>: what the platform met with, and how to go on.</summary>
internal static class OperatorCommands
{
    private static readonly TimeSpan BeginsWithin = TimeSpan.FromSeconds(15);
    private static readonly Option<string?> From = FromStep();

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("deliveries", CliTexts.HelpDeliveries(), DeliveriesAsync, CommonOptions.OptionalApp, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor),
        commands.Create("faults", CliTexts.HelpFaults(), FaultsAsync, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor),
        commands.Create("replay", CliTexts.HelpReplay(), ReplayAsync, CommonOptions.Deployment, From, CommonOptions.NoFollow, CommonOptions.Json),
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
        var path = ApiPaths.WithPage(ApiPaths.Faults, session.Parse.GetValue(CommonOptions.Limit), session.Parse.GetValue(CommonOptions.Cursor));
        return session.Print(await session.Client.GetAsync(path, session.Cancellation), ApiJson.Default.PageFaultResponse, page =>
        {
            if (page.Items.Count == 0)
            {
                session.Out.WriteLine(CliTexts.NoFaults());
                return;
            }

            var table = new Columns("ID", "APP", "STEP", "ATTEMPT", "SINCE", "MESSAGE");
            foreach (var fault in page.Items)
            {
                table.Add(
                    fault.Id.ToString("D"),
                    fault.App,
                    fault.Step,
                    $"{fault.Attempt}",
                    Words.Ago(fault.FaultedAt, session.Terminal.Time.GetUtcNow()),
                    fault.Message);
            }

            table.Write(session.Terminal);
            session.SayMore(page.Next);
        });
    }

    private static async Task<int> ReplayAsync(Session session)
    {
        var id = await session.Client.FindDeploymentAsync(session.Parse.GetRequiredValue(CommonOptions.Deployment), session.Cancellation);
        var before = await session.Client.GetDeploymentAsync(id, session.Cancellation);
        var request = new ReplayRequest { From = session.Parse.GetValue(From) };
        await session.Client.SendAsync(HttpMethod.Post, ApiPaths.Replay(id), request, ApiJson.Default.ReplayRequest, session.Cancellation);
        return await session.BeginAsync(await WaitForNewAttemptAsync(session, before));
    }

    // The replay is accepted before it begins; until then the deployment still says how it ended last time.
    private static async Task<ApiAnswer> WaitForNewAttemptAsync(Session session, DeploymentResponse before)
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

    private static Option<string?> FromStep()
    {
        var option = new Option<string?>("--from") { Description = CliTexts.HelpFrom(), HelpName = "STEP" };
        option.AcceptOnlyFromAmong([.. Step.InOrder]);
        return option;
    }
}
