using System.CommandLine;
using System.Text.Json;
using Paas.Cli.Config;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>config</c>: the config vars of an app.</summary>
internal static class ConfigCommands
{
    private static readonly Argument<string[]> Assignments = new("NAME=VALUE") { Description = CliTexts.HelpAssignments(), Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string[]> Names = new("NAME") { Description = CliTexts.HelpNames(), Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string?> ImportFile = new("FILE") { Description = CliTexts.HelpImportFile(), Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool> Replace = new("--replace") { Description = CliTexts.HelpReplace() };
    private static readonly Option<bool> RunOnly = new("--run-only") { Description = CliTexts.HelpRunOnly() };
    private static readonly Option<bool> ForBuild = new("--for-build") { Description = CliTexts.HelpForBuild() };
    private static readonly Argument<string?> AppToList = new("APP") { Description = CliTexts.HelpApp(), Arity = ArgumentArity.ZeroOrOne };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("config", CliTexts.HelpConfig(), session => ListAsync(session, session.Parse.GetValue(AppToList)), AppToList, CommonOptions.Json,
            commands.Create("list", CliTexts.HelpConfig(), session => ListAsync(session, session.Parse.GetValue(CommonOptions.App)), CommonOptions.App, CommonOptions.Json),
            commands.Create("get", CliTexts.HelpConfigGet(), GetAsync, CommonOptions.App, Names, CommonOptions.Json),
            commands.Create("export", CliTexts.HelpConfigExport(), ExportAsync, CommonOptions.App, CommonOptions.Json),
            commands.Create("import", CliTexts.HelpConfigImport(), ImportAsync, CommonOptions.App, ImportFile, Replace, CommonOptions.NoFollow, CommonOptions.Json),
            commands.Create("edit", CliTexts.HelpConfigEdit(), EditAsync, CommonOptions.App, CommonOptions.NoFollow),
            commands.Create("set", CliTexts.HelpConfigSet(), SetAsync, CommonOptions.App, Assignments, RunOnly, ForBuild, CommonOptions.NoFollow, CommonOptions.Json),
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

            var table = new Columns("NAME", "VALUE", "SEEN BY", "CHANGED");
            foreach (var item in vars.Items)
                table.Add(item.Name, item.Preview, CliTexts.SeenBy(item.RunOnly), Words.Ago(item.UpdatedAt, session.Terminal.Time.GetUtcNow()));
            table.Write(session.Terminal);
        });
    }

    private static async Task<int> GetAsync(Session session)
    {
        var app = session.Parse.GetRequiredValue(CommonOptions.App);
        var values = await ReadAsync(session, app);
        var names = session.Parse.GetRequiredValue(Names);
        if (names.FirstOrDefault(name => !values.ContainsKey(name)) is { } unknown)
            throw CliException.NotFound(CliTexts.ConfigVarUnknown(app, unknown));
        var found = new SortedDictionary<string, string>(names.Distinct().ToDictionary(name => name, name => values[name]), StringComparer.Ordinal);
        if (session.Json)
        {
            session.Out.WriteLine(JsonSerializer.Serialize(found, ApiJson.Default.SortedDictionaryStringString));
            return ExitCodes.Done;
        }

        foreach (var name in names)
            Write(session, values[name]);
        return ExitCodes.Done;
    }

    private static async Task<int> ExportAsync(Session session)
    {
        var values = await ReadAsync(session, session.Parse.GetRequiredValue(CommonOptions.App));
        if (session.Json)
            session.Terminal.Passthrough.WriteLine(JsonSerializer.Serialize(values, ApiJson.Default.SortedDictionaryStringString));
        else
            session.Terminal.Passthrough.Write(EnvFile.Write(values));
        return ExitCodes.Done;
    }

    private static async Task<int> ImportAsync(Session session)
    {
        var file = session.Parse.GetValue(ImportFile) ?? "-";
        var values = EnvFile.Read(await ReadFileAsync(session, file), file);
        var replace = session.Parse.GetValue(Replace);
        if (values.Count == 0 && !replace)
            throw CliException.Usage(CliTexts.NothingToImport(file));
        return await ChangeAsync(session, values, replace ? HttpMethod.Put : HttpMethod.Patch);
    }

    /// <summary>Opens them in the editor; what is changed, added or removed there is set and unset.</summary>
    private static async Task<int> EditAsync(Session session)
    {
        var app = session.Parse.GetRequiredValue(CommonOptions.App);
        var before = await ReadAsync(session, app);
        var header = CliTexts.EditHeader(app, PlatformFinder.Key(session.Client.Address.Url));
        var text = await Editor.EditAsync(session, $"{app}.env", header + "\n" + EnvFile.Write(before));
        var after = EnvFile.Read(text, $"{app}.env");
        var changes = after.Where(variable => !before.TryGetValue(variable.Key, out var old) || old != variable.Value).ToDictionary();
        foreach (var name in before.Keys.Where(name => !after.ContainsKey(name)))
            changes[name] = null;
        if (changes.Count > 0)
            return await ChangeAsync(session, changes);
        session.Out.WriteLine(CliTexts.NotEdited());
        return ExitCodes.Done;
    }

    /// <summary>All config vars with their values.</summary>
    private static async Task<SortedDictionary<string, string>> ReadAsync(Session session, string app)
    {
        var vars = (await session.Client.GetAsync(ApiPaths.ConfigVarsWithValues(app), session.Cancellation)).Read(ApiJson.Default.ConfigVarsResponse);
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in vars.Items)
            values[variable.Name] = variable.Value ?? throw new CliException(ExitCodes.NotPossible, CliTexts.ConfigVarLost(app, variable.Name));
        return values;
    }

    private static async Task<string> ReadFileAsync(Session session, string file)
    {
        if (file == "-")
            return await session.Terminal.ReadAllAsync(session.Cancellation);
        try
        {
            return await File.ReadAllTextAsync(file, session.Cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage(CliTexts.FileTrouble(exception.Message));
        }
    }

    /// <summary>A file or another program gets the value; a terminal only what does it no harm.</summary>
    private static void Write(Session session, string value) =>
        session.Terminal.Passthrough.WriteLine(session.Terminal.OutputIsTerminal ? SafeText.Lines(value) : value);

    private static async Task<int> SetAsync(Session session)
    {
        var changes = new Dictionary<string, string?>();
        var usesStdin = false;
        foreach (var assignment in session.Parse.GetRequiredValue(Assignments))
        {
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw CliException.Usage(CliTexts.NotAnAssignment(assignment));
            var name = assignment[..equals];
            var text = assignment[(equals + 1)..];
            if (text == "@-" && usesStdin)
                throw CliException.Usage(CliTexts.OneValueOnStdin());
            usesStdin |= text == "@-";
            var value = await ValueAsync(session, name, text);
            if (!changes.TryAdd(name, value))
                throw CliException.Usage(CliTexts.NamedTwice(name));
        }

        var (runOnly, forBuild) = (session.Parse.GetValue(RunOnly), session.Parse.GetValue(ForBuild));
        if (runOnly && forBuild)
            throw CliException.Usage(CliTexts.EitherRunOrBuild());
        return await ChangeAsync(session, changes, runOnly: runOnly ? true : forBuild ? false : null);
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
    private static async Task<string> ValueAsync(Session session, string name, string text)
    {
        if (!text.StartsWith('@'))
            return text;
        if (text.StartsWith("@@", StringComparison.Ordinal))
            return text[1..];
        if (text == "@-")
            return await session.ReadStdinAsync(name, mayBeEmpty: true);

        try
        {
            return Session.WithoutLineEnd(await File.ReadAllTextAsync(text[1..], session.Cancellation));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CliException.Usage(CliTexts.ValueFileUnreadable(name, text[1..], exception.Message));
        }
    }

    private static async Task<int> ChangeAsync(Session session, Dictionary<string, string?> changes, HttpMethod? method = null, bool? runOnly = null)
    {
        var app = session.Parse.GetRequiredValue(CommonOptions.App);
        var answer = await session.Client.SendAsync(
            method ?? HttpMethod.Patch, ApiPaths.ConfigVars(app, runOnly), changes, ApiJson.Default.DictionaryStringString, session.Cancellation);
        var vars = answer.Read(ApiJson.Default.ConfigVarsResponse);
        session.Print(answer, ApiJson.Default.ConfigVarsResponse, _ =>
        {
            session.Out.WriteLine(vars.Changed is { Count: 0 }
                ? CliTexts.NothingChanged(app, changes.Where(change => change.Value is not null).Select(change => change.Key), changes.Where(change => change.Value is null).Select(change => change.Key))
                : CliTexts.ConfigChanged(app, vars.Changed ?? [.. changes.Keys], vars.IsLive ?? vars.DeploymentId is not null));
            if (vars.DeploymentId is not null && (vars.Changed ?? [.. changes.Keys]).Any(name => !vars.Items.Any(item => item.Name == name && item.RunOnly)))
                session.Out.WriteLine(CliTexts.BuildSeesLater());
        });
        return vars.DeploymentId is { } id && !session.Parse.GetValue(CommonOptions.NoFollow) ? await session.FollowAsync(id) : ExitCodes.Done;
    }
}
