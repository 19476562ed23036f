using System.CommandLine;
using System.Globalization;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>releases</c> and <c>rollback</c>.</summary>
internal static class ReleaseCommands
{
    private static readonly Argument<string?> Version = new("VERSION") { Description = CliTexts.HelpVersion(), Arity = ArgumentArity.ZeroOrOne };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("releases", CliTexts.HelpReleases(), ListAsync, CommonOptions.App, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor),
        commands.Create("rollback", CliTexts.HelpRollback(), RollbackAsync, CommonOptions.App, Version, CommonOptions.NoFollow, CommonOptions.Json),
    ];

    private static async Task<int> ListAsync(Session session)
    {
        var app = session.Parse.GetRequiredValue(CommonOptions.App);
        var path = ApiPaths.WithPage(ApiPaths.ReleasesOf(app), session.Parse.GetValue(CommonOptions.Limit), session.Parse.GetValue(CommonOptions.Cursor));
        return session.Print(await session.Client.GetAsync(path, session.Cancellation), ApiJson.Default.PageReleaseResponse, page =>
        {
            if (page.Items.Count == 0)
            {
                session.Out.WriteLine(CliTexts.NoReleases(app));
                return;
            }

            var table = new Columns("RELEASE", "STATE", "COMMIT", "MADE", "DESCRIPTION");
            foreach (var release in page.Items)
            {
                table.Add(
                    $"v{release.Version}",
                    release.State,
                    Words.ShortCommit(release.Commit),
                    Words.Ago(release.CreatedAt, session.Terminal.Time.GetUtcNow()),
                    release.Description);
            }

            table.Write(session.Terminal);
            session.SayMore(page.Next);
        });
    }

    private static async Task<int> RollbackAsync(Session session)
    {
        var app = session.Parse.GetRequiredValue(CommonOptions.App);
        var version = session.Parse.GetValue(Version) is { } text ? Number(text) : await BeforeLiveAsync(session, app);
        return await session.BeginAsync(await session.Client.SendAsync(HttpMethod.Post, ApiPaths.Rollback(app, version), session.Cancellation));
    }

    private static int Number(string text) =>
        int.TryParse(text.StartsWith('v') ? text[1..] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
            ? version
            : throw CliException.Usage(CliTexts.NotAVersion(text));

    /// <summary>The release that was live before the one that is.</summary>
    private static async Task<int> BeforeLiveAsync(Session session, string app)
    {
        string? cursor = null;
        var live = int.MaxValue;
        do
        {
            var page = (await session.Client.GetAsync(ApiPaths.WithPage(ApiPaths.ReleasesOf(app), 100, cursor), session.Cancellation))
                .Read(ApiJson.Default.PageReleaseResponse);
            live = page.Items.FirstOrDefault(release => release.State == ReleaseStates.Live)?.Version ?? live;
            if (live < int.MaxValue && page.Items.FirstOrDefault(release => release.State == ReleaseStates.Retired && release.Version < live) is { } before)
                return before.Version;
            cursor = page.Next;
        }
        while (cursor is not null);
        throw new CliException(ExitCodes.NotPossible, CliTexts.NoReleaseBefore(app));
    }
}
