using System.CommandLine;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>run</c> and <c>runs</c>: commands that run once, beside an app.</summary>
internal static class RunCommands
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(70);
    private static readonly Argument<string[]> CommandWords = new("COMMAND") { Description = CliTexts.HelpRunWords(), Arity = ArgumentArity.OneOrMore };
    private static readonly Option<bool> Detach = new("--detach", "-d") { Description = CliTexts.HelpDetach() };
    private static readonly Option<string?> Timeout = new("--timeout") { Description = CliTexts.HelpTimeout(), HelpName = "TIME" };
    private static readonly Option<string[]> Env = new("--env", "-e") { Description = CliTexts.HelpEnv(), HelpName = "NAME=VALUE" };
    private static readonly Argument<string?> AppToList = new("APP") { Description = CliTexts.HelpApp(), Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<string> Run = new("RUN") { Description = CliTexts.HelpRunName() };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("run", CliTexts.HelpRun(), RunAsync, CommonOptions.App, CommandWords, Detach, Timeout, Env, CommonOptions.Json),
        commands.Create("runs", CliTexts.HelpRuns(), ListAsync, AppToList, CommonOptions.Json,
            commands.Create("stop", CliTexts.HelpRunsStop(), StopAsync, CommonOptions.App, Run, CommonOptions.Json)),
    ];

    /// <summary>Prints what a run prints; followed to its end, it ends as the run does.</summary>
    public static async Task<int> OutputAsync(Session session, string app, string run, bool follow) =>
        follow ? await FollowAsync(session, app, run, session.Cancellation) : await LogCommands.PrintAsync(session, ApiPaths.RunOutput(app, run));

    private static async Task<int> RunAsync(Session session)
    {
        if (session.Json && !session.Parse.GetValue(Detach))
            throw CliException.Usage(CliTexts.JsonOfDetachedOnly());
        var app = session.Parse.GetRequiredValue(CommonOptions.App);
        var request = new CreateRunRequest { Command = session.Parse.GetRequiredValue(CommandWords), Env = Variables(session), Timeout = session.Parse.GetValue(Timeout) };
        // Not given up halfway: what has started by then has to be stopped.
        var answer = await session.Client.SendAsync(HttpMethod.Post, ApiPaths.RunsOf(app), request, ApiJson.Default.CreateRunRequest, CancellationToken.None);
        var run = answer.Read(ApiJson.Default.RunResponse);
        if (session.Parse.GetValue(Detach))
            return session.Print(answer, ApiJson.Default.RunResponse, _ => session.Out.WriteLine(CliTexts.RunDetached(run.Name, app)));
        session.Terminal.Error.WriteLine(CliTexts.RunBegun(run.Name, app, run.Release));
        using var reading = new CancellationTokenSource();
        var stopping = Task.CompletedTask;
        await using var stop = session.Cancellation.Register(() =>
        {
            reading.CancelAfter(StopTime);
            stopping = StopInterruptedAsync(session, app, run, reading);
        });
        try
        {
            var exitCode = await FollowAsync(session, app, $"{run.Id:D}", reading.Token);
            return session.Cancellation.IsCancellationRequested ? session.InterruptedExitCode : exitCode;
        }
        catch (OperationCanceledException) when (reading.IsCancellationRequested)
        {
            return session.InterruptedExitCode;
        }
        finally
        {
            await stopping;
        }
    }

    /// <summary>Its last lines still come, and its end.</summary>
    private static async Task StopInterruptedAsync(Session session, string app, RunResponse run, CancellationTokenSource reading)
    {
        session.Terminal.Error.WriteLine(CliTexts.StoppingRun(run.Name));
        try
        {
            await session.Client.SendAsync(HttpMethod.Post, ApiPaths.StopRun(app, $"{run.Id:D}"), CancellationToken.None);
        }
        catch (CliException exception)
        {
            session.Terminal.Error.WriteLine(SafeText.Lines(CliTexts.RunNotStopped(run.Name, app, exception.Message)));
            await reading.CancelAsync();
        }
    }

    private static async Task<int> FollowAsync(Session session, string app, string run, CancellationToken cancellation)
    {
        var (terminal, exitCode) = (session.Terminal, ExitCodes.Platform);
        await foreach (var happened in new OutputStream(session.Client, ApiPaths.RunOutput(app, run), terminal.Time, $"logs {app} --run {run} --follow").ReadAsync(cancellation))
        {
            if (happened is OutputEvent.Line { Content: var line })
                Write(line, terminal);
            LogCommands.Say(session, happened);
            if (happened is not OutputEvent.Ended { Run: var ended })
                continue;
            exitCode = ended.ExitCode ?? ExitCodes.Platform;
            if (ended.Message is { } message)
                terminal.Error.WriteLine(SafeText.Line(message));
        }

        return exitCode;
    }

    /// <summary>A file or another program gets what was printed; a terminal only what does it no harm.</summary>
    private static void Write(OutputLine line, Terminal terminal)
    {
        if (line.IsError)
            terminal.Error.WriteLine(terminal.ErrorIsTerminal ? SafeText.Line(line.Text) : line.Text);
        else
            terminal.Passthrough.WriteLine(terminal.OutputIsTerminal ? SafeText.Line(line.Text) : line.Text);
    }

    private static Dictionary<string, string>? Variables(Session session)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var assignment in session.Parse.GetValue(Env) ?? [])
        {
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw CliException.Usage(CliTexts.NotAnAssignment(assignment));
            if (!variables.TryAdd(assignment[..equals], assignment[(equals + 1)..]))
                throw CliException.Usage(CliTexts.NamedTwice(assignment[..equals]));
        }

        return variables.Count == 0 ? null : variables;
    }

    private static async Task<int> ListAsync(Session session)
    {
        var app = session.Parse.GetValue(AppToList);
        if (string.IsNullOrWhiteSpace(app))
            throw CliException.Usage(CliTexts.AppMissing() + "\n" + CliTexts.SeeHelp("runs"));
        return session.Print(await session.Client.GetAsync(ApiPaths.RunsOf(app), session.Cancellation), ApiJson.Default.RunsResponse, runs =>
        {
            if (runs.Items.Count == 0)
            {
                session.Out.WriteLine(CliTexts.NoRuns(app));
                return;
            }

            var table = new Columns("NAME", "STATE", "EXIT CODE", "RELEASE", "BEGUN", "COMMAND");
            foreach (var run in runs.Items)
            {
                table.Add(
                    run.Name, run.Reason ?? run.State, run.ExitCode is { } code ? $"{code}" : "-", $"v{run.Release}",
                    Words.Ago(run.CreatedAt, session.Terminal.Time.GetUtcNow()), string.Join(' ', run.Command));
            }

            table.Write(session.Terminal);
        });
    }

    private static async Task<int> StopAsync(Session session)
    {
        var path = ApiPaths.StopRun(session.Parse.GetRequiredValue(CommonOptions.App), session.Parse.GetRequiredValue(Run));
        return session.Print(await session.Client.SendAsync(HttpMethod.Post, path, session.Cancellation), ApiJson.Default.RunResponse,
            run => session.Out.WriteLine(CliTexts.RunEnded(run.Name, run.ExitCode)));
    }
}
