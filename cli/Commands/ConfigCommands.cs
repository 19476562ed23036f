using System.CommandLine;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>config</c>: the config vars of an app.</summary>
internal static class ConfigCommands
{
    private static readonly Argument<string[]> Assignments = new("NAME=VALUE") { Description = CliTexts.HelpAssignments(), Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string[]> Names = new("NAME") { Description = CliTexts.HelpNames(), Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string?> AppToList = new("APP") { Description = CliTexts.HelpApp(), Arity = ArgumentArity.ZeroOrOne };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("config", CliTexts.HelpConfig(), session => ListAsync(session, session.Parse.GetValue(AppToList)), AppToList, CommonOptions.Json,
            commands.Create("list", CliTexts.HelpConfig(), session => ListAsync(session, session.Parse.GetValue(CommonOptions.App)), CommonOptions.App, CommonOptions.Json),
            commands.Create("set", CliTexts.HelpConfigSet(), SetAsync, CommonOptions.App, Assignments, CommonOptions.NoFollow, CommonOptions.Json),
            commands.Create("unset", CliTexts.HelpConfigUnset(), UnsetAsync, CommonOptions.App, Names, CommonOptions.NoFollow, CommonOptions.Json)),
    ];

    private static async Task<int> ListAsync(Session session, string? app)
    {
        if (string.IsNullOrWhiteSpace(app))
            throw CliException.Usage(CliTexts.AppMissing() + "\n" + CliTexts.SeeHelp("config"));
        var answer = await session.Client.GetAsync(ApiPaths.ConfigVars(app), session.Cancellation);
        return session.Print(answer, ApiJson.Default.ConfigVarsResponse, vars =>
        {
            if (vars.Items.Count == 0)
            {
                session.Out.WriteLine(CliTexts.NoConfigVars(app));
                return;
            }

            var table = new Columns("NAME", "VALUE", "CHANGED");
            foreach (var item in vars.Items)
                table.Add(item.Name, item.Preview, Words.Ago(item.UpdatedAt, session.Terminal.Time.GetUtcNow()));
            table.Write(session.Terminal);
        });
    }

    private static Task<int> SetAsync(Session session)
    {
        var changes = new Dictionary<string, string?>();
        var usesStdin = false;
        foreach (var assignment in session.Parse.GetRequiredValue(Assignments))
        {
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw CliException.Usage(CliTexts.NotAnAssignment(assignment));
            var name = assignment[..equals];
            var value = Value(session, name, assignment[(equals + 1)..], ref usesStdin);
            if (!changes.TryAdd(name, value))
                throw CliException.Usage(CliTexts.NamedTwice(name));
        }

        return ChangeAsync(session, changes);
    }

    private static Task<int> UnsetAsync(Session session)
    {
        var changes = new Dictionary<string, string?>();
        foreach (var name in session.Parse.GetRequiredValue(Names))
        {
            if (name.Contains('=', StringComparison.Ordinal))
                throw CliException.Usage(CliTexts.UnsetTakesNames(name));
            changes[name] = null;
        }

        return ChangeAsync(session, changes);
    }

    // As curl has it: @file, @- for standard input, and @@ for a value that begins with an @.
    private static string Value(Session session, string name, string text, ref bool usesStdin)
    {
        if (!text.StartsWith('@'))
            return text;
        if (text.StartsWith("@@", StringComparison.Ordinal))
            return text[1..];
        if (text == "@-")
        {
            if (usesStdin)
                throw CliException.Usage(CliTexts.OneValueOnStdin());
            usesStdin = true;
            return session.ReadStdin(name, mayBeEmpty: true);
        }

        try
        {
            return Session.WithoutLineEnd(File.ReadAllText(text[1..]));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CliException.Usage(CliTexts.ValueFileUnreadable(name, text[1..], exception.Message));
        }
    }

    private static async Task<int> ChangeAsync(Session session, Dictionary<string, string?> changes)
    {
        var app = session.Parse.GetRequiredValue(CommonOptions.App);
        var answer = await session.Client.SendAsync(
            HttpMethod.Patch, ApiPaths.ConfigVars(app), changes, ApiJson.Default.DictionaryStringString, session.Cancellation);
        Guid? deployment = null;
        session.Print(answer, ApiJson.Default.ConfigVarsResponse, vars =>
        {
            deployment = vars.DeploymentId;
            session.Out.WriteLine(CliTexts.ConfigChanged(app, changes.Count, deployment));
        });
        return deployment is { } id && !session.Parse.GetValue(CommonOptions.NoFollow) ? await session.FollowAsync(id) : ExitCodes.Done;
    }
}
