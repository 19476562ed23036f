using System.CommandLine;
using System.Globalization;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>logs</c>: of an app, of a deployment, or of a run.</summary>
internal static class LogCommands
{
    private const int DefaultTail = 100, MaxTail = 10_000;

    private static readonly Argument<string> Of = new("APP|ID") { Description = CliTexts.HelpLogsOf() };
    private static readonly Option<bool> Follow = new("--follow", "-f") { Description = CliTexts.HelpFollow() };
    private static readonly Option<int?> Tail = new("--tail") { Description = CliTexts.HelpTail(), HelpName = "N" };
    private static readonly Option<string?> Process = new("--process") { Description = CliTexts.HelpProcess(), HelpName = "NAME" };
    private static readonly Option<string?> Run = new("--run") { Description = CliTexts.HelpRunOutput(), HelpName = "RUN" };

    public static IEnumerable<Command> All(CommandFactory commands) =>
        [commands.Create("logs", CliTexts.HelpLogs(), LogsAsync, Of, Follow, Tail, Process, Run)];

    /// <summary>A line of an app's log.</summary>
    public static string Text(OutputLine line) =>
        SafeText.Line(string.Create(CultureInfo.InvariantCulture, $"{line.At:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {line.Source} | {line.Text}"));

    /// <summary>Says what keeps the lines away, and when they come again.</summary>
    public static void Say(Session session, OutputEvent happened)
    {
        if (happened is OutputEvent.Trouble trouble)
            session.Terminal.Error.WriteLine(SafeText.Line(trouble.Why));
        if (happened is OutputEvent.Resumed)
            session.Terminal.Error.WriteLine(CliTexts.Reconnected());
    }

    private static async Task<int> LogsAsync(Session session)
    {
        var of = session.Parse.GetRequiredValue(Of);
        if (string.IsNullOrWhiteSpace(of))
            throw CliException.Usage(CliTexts.Empty("APP"));
        var (follow, tail, process) = (session.Parse.GetValue(Follow), session.Parse.GetValue(Tail), session.Parse.GetValue(Process));
        if (tail is < 0 or > MaxTail)
            throw CliException.Usage(CliTexts.TailOutOfRange());
        var run = session.Parse.GetValue(Run);
        // No app has a name like this: it would be too long.
        if (Guid.TryParseExact(of, "D", out var id))
        {
            if ((tail, process, run) is not (null, null, null))
                throw CliException.Usage(CliTexts.OnlyOfApps(tail is not null ? "--tail" : process is not null ? "--process" : "--run"));
            return await OfDeploymentAsync(session, id, follow);
        }

        if (run is not null)
            return await RunCommands.OutputAsync(session, of, run, follow);
        var path = ApiPaths.AppLogs(of, tail ?? DefaultTail, process);
        return follow ? await FollowAsync(session, path, of) : await PrintAsync(session, path);
    }

    private static async Task<int> FollowAsync(Session session, string path, string app)
    {
        await foreach (var happened in new OutputStream(session.Client, path, session.Terminal.Time, $"logs {app} --follow").ReadAsync(session.Cancellation))
        {
            if (happened is OutputEvent.Line line)
                session.Out.WriteLine(Text(line.Content));
            Say(session, happened);
        }

        return ExitCodes.Done;
    }

    private static async Task<int> OfDeploymentAsync(Session session, Guid id, bool follow)
    {
        if (!follow)
            return await PrintAsync(session, ApiPaths.Logs(id));
        // Of one that is over there is nothing to watch: its log, and how it ended.
        var deployment = await session.Client.GetDeploymentAsync(id, session.Cancellation);
        if (!DeploymentStates.IsFinal(deployment.State))
            return await session.FollowAsync(id);
        await PrintAsync(session, ApiPaths.Logs(id));
        foreach (var line in DeploymentSummary.Of(deployment, session.Terminal.IsUnicode))
            session.Out.WriteLine(line.ToString());
        return DeploymentSummary.ExitCode(deployment.State);
    }

    /// <summary>Prints a text as it comes.</summary>
    public static async Task<int> PrintAsync(Session session, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/plain");
        try
        {
            using var response = await session.Client.OpenAsync(request, session.Cancellation);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(session.Cancellation));
            while (await lines.ReadLineAsync(session.Cancellation) is { } line)
                session.Out.WriteLine(SafeText.Line(line));
        }
        catch (HttpRequestException exception)
        {
            throw session.Client.Unreachable(exception);
        }

        return ExitCodes.Done;
    }
}
