using System.CommandLine;
using System.Net;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>apps</c>, and what is below it.</summary>
internal static class AppCommands
{
    private static readonly Argument<string> Name = new("NAME") { Description = CliTexts.HelpAppName() };
    private static readonly Option<string> Repository = new("--repo") { Description = CliTexts.HelpRepository(), HelpName = "URL", Required = true };
    private static readonly Option<string?> NewRepository = new("--repo") { Description = CliTexts.HelpRepository(), HelpName = "URL" };
    private static readonly Option<string?> Branch = new("--branch") { Description = CliTexts.HelpBranch() };
    private static readonly Option<string?> Root = new("--root") { Description = CliTexts.HelpRoot(), HelpName = "FOLDER" };
    private static readonly Option<string?> Target = OneOf("--target", CliTexts.HelpTarget(), Contracts.Target.All);
    private static readonly Option<string?> Policy = OneOf("--policy", CliTexts.HelpPolicy(), ConcurrencyPolicy.All);
    private static readonly Option<string?> SkipCi = OneOf("--skip-ci", CliTexts.HelpSkipCi(), ["on", "off"]);
    private static readonly Option<string[]> Watch = new("--watch") { Description = CliTexts.HelpWatch(), HelpName = "PATTERN" };
    private static readonly Option<bool> SecretStdin = new("--webhook-secret-stdin") { Description = CliTexts.HelpSecretStdin() };
    private static readonly Option<bool> TokenStdin = new("--repo-token-stdin") { Description = CliTexts.HelpTokenStdin() };
    private static readonly Option<bool> Yes = new("--yes") { Description = CliTexts.HelpYes() };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("apps", CliTexts.HelpApps(), ListAsync, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor,
            commands.Create("list", CliTexts.HelpApps(), ListAsync, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor),
            commands.Create("create", CliTexts.HelpAppsCreate(), CreateAsync, Name, Repository, Branch, Root, Target, Policy, SkipCi, Watch, SecretStdin, TokenStdin, CommonOptions.Json),
            commands.Create("info", CliTexts.HelpAppsInfo(), InfoAsync, Name, CommonOptions.Json),
            commands.Create("update", CliTexts.HelpAppsUpdate(), UpdateAsync, Name, NewRepository, Branch, Root, Policy, SkipCi, Watch, SecretStdin, TokenStdin, CommonOptions.Json),
            commands.Create("delete", CliTexts.HelpAppsDelete(), DeleteAsync, Name, Yes)),
        commands.Create("open", CliTexts.HelpOpen(), OpenAsync, CommonOptions.App),
    ];

    private static async Task<int> ListAsync(Session session)
    {
        var path = ApiPaths.WithPage(ApiPaths.Apps, session.Parse.GetValue(CommonOptions.Limit), session.Parse.GetValue(CommonOptions.Cursor));
        var answer = await session.Client.GetAsync(path, session.Cancellation);
        var instances = session.Json ? null : await InstanceSummary.AskAsync(session);
        return session.Print(answer, ApiJson.Default.PageAppResponse, page =>
        {
            if (page.Items.Count == 0)
                session.Out.WriteLine(CliTexts.NoApps());
            else
                Table(page.Items, instances!).Write(session.Terminal);
            session.SayMore(page.Next);
        });
    }

    private static async Task<int> CreateAsync(Session session)
    {
        var secrets = await ReadSecretsAsync(session);
        var request = new CreateAppRequest
        {
            Name = session.Parse.GetRequiredValue(Name),
            Repository = session.Parse.GetRequiredValue(Repository),
            Branch = session.Parse.GetValue(Branch),
            Root = session.Parse.GetValue(Root),
            Target = session.Parse.GetValue(Target),
            Policy = session.Parse.GetValue(Policy),
            SkipCi = SkipCiOf(session),
            WatchPaths = WatchPathsOf(session),
            WebhookSecret = secrets.Webhook,
            RepositoryToken = secrets.Repository,
        };
        var answer = await session.Client.SendAsync(HttpMethod.Post, ApiPaths.Apps, request, ApiJson.Default.CreateAppRequest, session.Cancellation);
        return session.Print(answer, ApiJson.Default.AppResponse, app =>
        {
            session.Out.WriteLine(CliTexts.AppCreated(app.Name));
            Warn(session, app);
            session.Out.WriteLine();
            session.Out.WriteLine(SafeText.Lines(CliTexts.WebhookSettings(app.WebhookUrl, secrets.Webhook is null ? app.WebhookSecret : null)));
            if (Uri.TryCreate(app.WebhookUrl, UriKind.Absolute, out var webhook) && IsOnlyOfThisMachine(webhook))
                session.Out.WriteLine(CliTexts.WebhookUnreachable(webhook.Host));
            session.Out.WriteLine();
            session.Out.WriteLine(CliTexts.AfterCreate(app.Name));
        });
    }

    private static async Task<int> InfoAsync(Session session) =>
        session.Print(
            await session.Client.GetAsync(ApiPaths.App(session.Parse.GetRequiredValue(Name)), session.Cancellation),
            ApiJson.Default.AppResponse,
            app => Details(session, app));

    private static async Task<int> UpdateAsync(Session session)
    {
        var secrets = await ReadSecretsAsync(session);
        var request = new UpdateAppRequest
        {
            Repository = session.Parse.GetValue(NewRepository),
            Branch = session.Parse.GetValue(Branch),
            Root = session.Parse.GetValue(Root),
            Policy = session.Parse.GetValue(Policy),
            SkipCi = SkipCiOf(session),
            WatchPaths = WatchPathsOf(session),
            WebhookSecret = secrets.Webhook,
            RepositoryToken = secrets.Repository,
        };
        if (request == new UpdateAppRequest())
            throw CliException.Usage(CliTexts.NothingToUpdate());
        var path = ApiPaths.App(session.Parse.GetRequiredValue(Name));
        var answer = await session.Client.SendAsync(HttpMethod.Patch, path, request, ApiJson.Default.UpdateAppRequest, session.Cancellation);
        return session.Print(answer, ApiJson.Default.AppResponse, app =>
        {
            session.Out.WriteLine(CliTexts.AppUpdated(app.Name));
            Warn(session, app);
            Details(session, app);
        });
    }

    private static async Task<int> DeleteAsync(Session session)
    {
        var name = session.Parse.GetRequiredValue(Name);
        // Of two platforms, each may have an app of that name.
        var platform = session.Client.Address.Url;
        if (!session.Parse.GetValue(Yes))
        {
            if (!session.Terminal.InputIsTerminal)
                throw CliException.Usage(CliTexts.DeleteNeedsYes(name, platform));
            if ((await session.Terminal.AskAsync(CliTexts.ConfirmDelete(name, platform), session.Cancellation))?.Trim() != name)
                throw CliException.Usage(CliTexts.NotDeleted(name));
        }

        await session.Client.SendAsync(HttpMethod.Delete, ApiPaths.App(name), session.Cancellation);
        session.Out.WriteLine(CliTexts.AppDeleted(name, platform));
        return ExitCodes.Done;
    }

    private static void Warn(Session session, AppResponse app)
    {
        foreach (var warning in app.Warnings ?? [])
            session.Out.WriteLine(CliTexts.Warning(warning));
    }

    private static bool IsOnlyOfThisMachine(Uri url) => url.IsLoopback || url.Host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(url.Host, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));

    /// <summary>Shows the app's URL, and opens it where there is a browser to do it.</summary>
    private static async Task<int> OpenAsync(Session session)
    {
        var answer = await session.Client.GetAsync(ApiPaths.App(session.Parse.GetRequiredValue(CommonOptions.App)), session.Cancellation);
        var app = answer.Read(ApiJson.Default.AppResponse);
        if (app.Release is null)
            session.Terminal.Error.WriteLine(CliTexts.NotLiveYet(SafeText.Line(app.Name)));
        session.Out.WriteLine(Browser.TryOpen(app.Url, session.Terminal) ? CliTexts.OpenBy(SafeText.Line(app.Url)) : SafeText.Line(app.Url));
        return ExitCodes.Done;
    }

    private static Columns Table(IReadOnlyList<AppResponse> apps, InstanceSummary instances)
    {
        var table = new Columns("NAME", "RELEASE", "LAST DEPLOYMENT", "INSTANCES", "TARGET", "URL");
        foreach (var app in apps)
            table.Add(app.Name, app.Release is { } release ? $"v{release}" : "-", app.LastDeploymentState ?? "-", instances.Of(app), app.Target, app.Url);
        return table;
    }

    private static void Details(Session session, AppResponse app) => session.WriteFields(
        ("Name", app.Name),
        ("URL", app.Url),
        ("Repository", app.Repository),
        ("Branch", app.Branch),
        ("Root", app.Root ?? ""),
        ("Target", app.Target),
        ("Environment", app.Environment),
        ("Policy", app.Policy),
        ("Skips [skip ci]", app.SkipCi ? "on" : "off"),
        ("Watches", app.WatchPaths.Count == 0 ? "all paths" : string.Join(", ", app.WatchPaths)),
        ("Release", app.Release is { } release ? $"v{release}" : "-"),
        ("Last deployment", app.LastDeploymentState ?? "-"),
        ("Webhook", app.WebhookUrl));

    private static async Task<(string? Webhook, string? Repository)> ReadSecretsAsync(Session session)
    {
        var webhook = session.Parse.GetValue(SecretStdin);
        var repository = session.Parse.GetValue(TokenStdin);
        if (webhook && repository)
            throw CliException.Usage(CliTexts.OneSecretOnStdin());
        if (webhook)
            return (await session.ReadStdinAsync("--webhook-secret-stdin"), null);
        // An empty token takes away the one the app has.
        return repository ? (null, await session.ReadStdinAsync("--repo-token-stdin", mayBeEmpty: session.Parse.CommandResult.Command.Name == "update")) : (null, null);
    }

    private static bool? SkipCiOf(Session session) => session.Parse.GetValue(SkipCi) is { } given ? given == "on" : null;

    /// <summary>An empty pattern takes away those the app has.</summary>
    private static string[]? WatchPathsOf(Session session) =>
        session.Parse.GetResult(Watch) is null ? null : [.. session.Parse.GetValue(Watch)!.Where(pattern => pattern.Length > 0)];

    private static Option<string?> OneOf(string name, string description, IReadOnlyList<string> values)
    {
        var option = new Option<string?>(name) { Description = description };
        option.AcceptOnlyFromAmong([.. values]);
        return option;
    }
}
