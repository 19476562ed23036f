using System.CommandLine;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>ps</c>: how the instances of apps are.</summary>
internal static class InstanceCommands
{
    private const int EventsShown = 5;

    public static IEnumerable<Command> All(CommandFactory commands) =>
        [commands.Create("ps", CliTexts.HelpPs(), ListAsync, CommonOptions.OptionalApp, CommonOptions.Json)];

    private static async Task<int> ListAsync(Session session)
    {
        var app = session.Parse.GetValue(CommonOptions.OptionalApp);
        var answer = await session.Client.GetAsync(app is null ? ApiPaths.Instances : ApiPaths.InstancesOf(app), session.Cancellation);
        var events = app is null || session.Json ? [] : await EventsAsync(session, app);
        return session.Print(answer, ApiJson.Default.InstancesResponse, found =>
        {
            if (found.Instances.Count == 0 && found.Unknown.Count == 0)
                session.Out.WriteLine(app is null ? CliTexts.NoInstances() : CliTexts.NoInstancesOf(app));
            else if (found.Instances.Count > 0)
                Table(session, found.Instances, app is null).Write(session.Terminal);
            foreach (var silent in found.Unknown)
                session.Out.WriteLine(SafeText.Line(silent.Message));
            foreach (var happened in events)
                session.Out.WriteLine(CliTexts.Happened(Words.Ago(happened.LastAt, session.Terminal.Time.GetUtcNow()), SafeText.Line(happened.Message)));
        });
    }

    private static async Task<IReadOnlyList<AppEventResponse>> EventsAsync(Session session, string app)
    {
        var answer = await session.Client.TrySendAsync(
            new HttpRequestMessage(HttpMethod.Get, ApiPaths.WithPage(ApiPaths.EventsOf(app), EventsShown, null)), session.Cancellation);
        return answer.Status == System.Net.HttpStatusCode.OK ? answer.Read(ApiJson.Default.PageAppEventResponse).Items : [];
    }

    private static Columns Table(Session session, IReadOnlyList<InstanceResponse> instances, bool withApp)
    {
        string[] titles = ["INSTANCE", "STATE", "SINCE", "RELEASE", "RESTARTS", "LAST EXIT"];
        var table = new Columns(withApp ? ["APP", .. titles] : [.. titles, "LAST LINE"]);
        foreach (var instance in instances)
        {
            var now = session.Terminal.Time.GetUtcNow();
            string?[] cells =
            [
                instance.Name,
                instance.State,
                instance.Since is { } since ? Words.Ago(since, now) : "-",
                $"v{instance.Release}",
                $"{instance.Restarts}",
                instance.LastExitCode is { } code ? CliTexts.LastExit(code, instance.LastExitAt is { } at ? Words.Ago(at, now) : null) : "-",
            ];
            // What keeps an instance from starting tells more than the last line of one that has run.
            table.Add(withApp ? [instance.App, .. cells] : [.. cells, instance.State == InstanceState.Starting && instance.Reason is { } reason ? reason : instance.LastLine ?? instance.Reason ?? ""]);
        }

        return table;
    }
}
