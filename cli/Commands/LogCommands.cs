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

    private static readonly Argument<string> Of = new("APP|DEPLOYMENT") { Description = CliTexts.HelpLogsOf() };
    private static readonly Option<bool> Follow = new("--follow", "-f", "-t") { Description = CliTexts.HelpFollow() };
    private static readonly Option<int?> Tail = new("--tail", "-n", "--num") { Description = CliTexts.HelpTail(), HelpName = "N" };
    private static readonly Option<string?> Process = new("--process", "-p", "--ps") { Description = CliTexts.HelpProcess(), HelpName = "NAME" };
    private static readonly Option<string?> Run = new("--run") { Description = CliTexts.HelpRunOutput(), HelpName = "RUN" };

    private static readonly Option<string?> Since = new("--since") { Description = CliTexts.HelpLogsSince(), HelpName = "TIME" };

    public static IEnumerable<Command> All(CommandFactory commands) =>
        [commands.Create("logs", CliTexts.HelpLogs(), LogsAsync, Of, Follow, Tail, Since, Process, Run)];

    /// <summary>A line of an app's log.</summary>
    public static string Text(OutputLine line, TimeProvider time) => SafeText.Line($"{Words.Stamp(line.At, time)} {line.Source} | {line.Text}");

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
        var (run, since) = (session.Parse.GetValue(Run), session.Time(Since));
        if (PlatformClientExtensions.IsDeployment(of))
        {
            if ((process, run, since) is not (null, null, null))
                throw CliException.Usage(CliTexts.OnlyOfApps(process is not null ? "--process" : run is not null ? "--run" : "--since"));
            return await OfDeploymentAsync(session, await session.Client.FindDeploymentAsync(of, session.Cancellation), follow, tail);
        }

        if (run is not null)
            return await RunCommands.OutputAsync(session, of, run, follow);
        // What was printed since then is all of interest, unless a number was given.
        var path = ApiPaths.AppLogs(of, tail ?? (since is null ? DefaultTail : MaxTail), process);
        try
        {
            return follow ? await FollowAsync(session, path, of, since) : await PrintAppAsync(session, path, since);
        }
        catch (CliException exception) when (exception.Code == ProblemCodes.NothingPrinted)
        {
            if (await OfNewestAsync(session, of, follow, tail) is { } exitCode)
                return exitCode;
            throw;
        }
    }

    /// <summary>If no release runs, the log of the newest deployment tells why.</summary>
    /// <returns>Null if there is no deployment, either.</returns>
    private static async Task<int?> OfNewestAsync(Session session, string app, bool follow, int? tail)
    {
        var answer = await session.Client.GetAsync(ApiPaths.WithPage(ApiPaths.DeploymentsOf(app), 1, null), session.Cancellation);
        if (answer.Read(ApiJson.Default.PageDeploymentResponse).Items is not [var newest, ..])
            return null;
        session.Terminal.Error.WriteLine(CliTexts.LogOfNewest(app, newest.Name));
        return await OfDeploymentAsync(session, newest.Id, follow, tail);
    }

    private static async Task<int> FollowAsync(Session session, string path, string app, DateTime? since)
    {
        await foreach (var happened in new OutputStream(session.Client, path, session.Terminal.Time, $"logs {app} --follow").ReadAsync(session.Cancellation))
        {
            if (happened is OutputEvent.Line line && !(line.Content.At < since))
                session.Out.WriteLine(Text(line.Content, session.Terminal.Time));
            Say(session, happened);
        }

        return ExitCodes.Done;
    }

    private static async Task<int> OfDeploymentAsync(Session session, Guid id, bool follow, int? tail)
    {
        if (!follow)
            return await PrintAsync(session, ApiPaths.Logs(id, tail));
        // Of one that is over there is nothing to watch: its log, and how it ended.
        var deployment = await session.Client.GetDeploymentAsync(id, session.Cancellation);
        if (!DeploymentStates.IsFinal(deployment.State))
            return await session.FollowAsync(id);
        await PrintAsync(session, ApiPaths.Logs(id, tail));
        foreach (var line in DeploymentSummary.Of(deployment, session.Terminal.IsUnicode, await session.NewerThanAsync(session.Client, deployment)))
            session.Out.WriteLine(line.ToString());
        return DeploymentSummary.ExitCode(deployment.State);
    }

    /// <summary>Lines of an app's log begin with their time, which the platform has in UTC.</summary>
    private static Task<int> PrintAppAsync(Session session, string path, DateTime? since)
    {
        var (time, isRecent) = (session.Terminal.Time, since is null);
        return PrintAsync(session, path, line =>
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space <= 0 || !DateTime.TryParseExact(line[..space], "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture,
                DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var at))
                return isRecent ? line : null;
            isRecent = !(at < since);
            return isRecent ? Words.Stamp(at, time) + line[space..] : null;
        });
    }

    /// <summary>Prints a text as it comes.</summary>
    /// <param name="session">The session.</param>
    /// <param name="path">Where the text is.</param>
    /// <param name="change">Changes a line, or leaves it out by null.</param>
    public static async Task<int> PrintAsync(Session session, string path, Func<string, string?>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/plain");
        try
        {
            using var response = await session.Client.OpenAsync(request, session.Cancellation);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(session.Cancellation));
            while (await lines.ReadLineAsync(session.Cancellation) is { } line)
            {
                if ((change is null ? line : change(line)) is { } changed)
                    session.Out.WriteLine(SafeText.Line(changed));
            }
        }
        catch (HttpRequestException exception)
        {
            throw session.Client.Unreachable(exception);
        }

        return ExitCodes.Done;
    }
}
