using System.CommandLine;
using System.Text.Json;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Cli.Quickstart;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary>Starting a platform, and choosing the one to speak to.</summary>
internal static class PlatformCommands
{
    private static readonly Argument<string> Url = new("URL") { Description = CliTexts.HelpPlatformUrl() };
    private static readonly Argument<string?> OptionalUrl = new("URL") { Description = CliTexts.HelpPlatformUrl(), Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool> TokenStdin = new("--token-stdin") { Description = CliTexts.HelpLoginStdin() };
    private static readonly Option<bool> Exit = new("--exit") { Description = CliTexts.HelpExit() };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("quickstart", CliTexts.HelpQuickstart(), QuickstartAsync, Exit, CommonOptions.Urls),
        commands.Create("up", CliTexts.HelpUp(), UpAsync, CommonOptions.Urls),
        commands.Create("login", CliTexts.HelpLogin(), LoginAsync, Url, TokenStdin),
        commands.Create("logout", CliTexts.HelpLogout(), LogoutAsync, OptionalUrl),
        commands.Create("whoami", CliTexts.HelpWhoAmI(), WhoAmIAsync, CommonOptions.Json),
        commands.Create("status", CliTexts.HelpStatus(), StatusAsync, CommonOptions.Json),
    ];

    private static Task<int> QuickstartAsync(Session session) =>
        new QuickstartRun(session, session.Parse.GetValue(CommonOptions.Urls), session.Parse.GetValue(Exit)).RunAsync();

    private static async Task<int> UpAsync(Session session)
    {
        session.TidiesUpWhenInterrupted();
        await using var platform = StandaloneProcess.StartAttached(session, session.Parse.GetValue(CommonOptions.Urls));
        var exitCode = await platform.WaitAsync(session.Cancellation);
        return session.Cancellation.IsCancellationRequested ? ExitCodes.Done : exitCode == 0 ? ExitCodes.Done : ExitCodes.Platform;
    }

    private static async Task<int> LoginAsync(Session session)
    {
        var url = PlatformFinder.ParseUrl(session.Parse.GetRequiredValue(Url), "URL");
        var useStdin = session.Parse.GetValue(TokenStdin);
        if (!useStdin && !session.Terminal.InputIsTerminal)
            throw CliException.Usage(CliTexts.LoginNeedsToken());
        var token = useStdin
            ? await session.ReadStdinAsync("--token-stdin")
            : await session.Terminal.ReadSecretAsync(CliTexts.AskToken(url), session.Cancellation);
        token = token.Trim();
        if (token.Length == 0)
            throw CliException.Usage(CliTexts.StdinEmpty("token"));
        if (url.Scheme == "http" && !url.IsLoopback)
            session.Terminal.Error.WriteLine(CliTexts.TokenUnencrypted(url));

        using var client = new PlatformClient(new PlatformAddress(url, token, PlatformFinder.ByLogin));
        await client.GetAsync(ApiPaths.Status, session.Cancellation);
        var file = new CredentialFile(session.Terminal.Environment);
        file.Write(file.Read().With(PlatformFinder.Key(url), token));
        session.Out.WriteLine(CliTexts.LoggedIn(url, file.FilePath));
        return ExitCodes.Done;
    }

    private static Task<int> LogoutAsync(Session session)
    {
        var file = new CredentialFile(session.Terminal.Environment);
        var stored = file.Read();
        var key = session.Parse.GetValue(OptionalUrl) is { } url ? PlatformFinder.Key(PlatformFinder.ParseUrl(url, "URL")) : stored.Current;
        if (key is null || !stored.Tokens.ContainsKey(key))
            throw CliException.Usage(CliTexts.NotLoggedIn(key));
        file.Write(stored.Without(key));
        session.Out.WriteLine(CliTexts.LoggedOut(key));
        return Task.FromResult(ExitCodes.Done);
    }

    private static async Task<int> StatusAsync(Session session)
    {
        var address = session.Client.Address;
        var ready = await session.Client.TrySendAsync(new HttpRequestMessage(HttpMethod.Get, ApiPaths.Ready), session.Cancellation);
        var seen = (await session.Client.GetAsync(ApiPaths.Status, session.Cancellation)).Read(ApiJson.Default.StatusResponse);
        // An older platform, or one whose deployer is away, does not say.
        var targets = await session.Client.TrySendAsync(new HttpRequestMessage(HttpMethod.Get, ApiPaths.Targets), session.Cancellation);
        var instances = session.Json ? null : await InstanceSummary.AskAsync(session);
        var status = new PlatformStatus
        {
            Url = PlatformFinder.Key(address.Url),
            FoundBy = address.FoundBy,
            Ready = ready.Status == System.Net.HttpStatusCode.OK,
            InProgress = seen.InProgress,
            Deployments = seen.Deployments,
            Faults = seen.Faults,
            Targets = targets.Status == System.Net.HttpStatusCode.OK ? targets.Read(ApiJson.Default.TargetsResponse).Items : null,
        };
        if (session.Json)
            session.Out.WriteLine(JsonSerializer.Serialize(status, ApiJson.Default.PlatformStatus));
        else
            Print(session, status, instances!);
        return status.Ready ? ExitCodes.Done : ExitCodes.Platform;
    }

    private static void Print(Session session, PlatformStatus status, InstanceSummary instances)
    {
        session.Out.WriteLine(CliTexts.StatusPlatform(status.Url, status.FoundBy));
        session.Out.WriteLine(status.Ready ? CliTexts.StatusReady() : CliTexts.StatusNotReady());
        if (status.InProgress == 0)
            session.Out.WriteLine(CliTexts.NothingInProgress());
        foreach (var deployment in status.Deployments)
            session.Out.WriteLine(CliTexts.StatusInProgress(SafeText.Line(deployment.Name), SafeText.Line(deployment.State)));
        if (status.InProgress > status.Deployments.Count)
            session.Out.WriteLine(CliTexts.StatusMoreInProgress(status.InProgress - status.Deployments.Count));
        foreach (var target in status.Targets ?? [])
            session.Out.WriteLine(CliTexts.StatusTarget(SafeText.Line(target.Name), target.WalledIn, target.Reason is { } reason ? SafeText.Line(reason) : null));
        session.Out.WriteLine(instances.OfAll());
        session.Out.WriteLine(CliTexts.StatusFaults(status.Faults));
    }

    private static async Task<int> WhoAmIAsync(Session session)
    {
        var seen = (await session.Client.GetAsync(ApiPaths.Status, session.Cancellation)).Read(ApiJson.Default.StatusResponse);
        var address = session.Client.Address;
        var who = new WhoAmI { Url = PlatformFinder.Key(address.Url), FoundBy = address.FoundBy, Caller = seen.Caller };
        session.Out.WriteLine(session.Json
            ? JsonSerializer.Serialize(who, ApiJson.Default.WhoAmI)
            : CliTexts.WhoAmI(SafeText.Line(who.Caller), who.Url, who.FoundBy));
        return ExitCodes.Done;
    }
}
