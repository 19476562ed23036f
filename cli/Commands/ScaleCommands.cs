using System.CommandLine;
using System.Globalization;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>scale</c> and <c>restart</c>: the instances of an app.</summary>
internal static class ScaleCommands
{
    /// <summary>In place of a number: what the manifest says.</summary>
    private const string AsInManifest = "manifest";

    private static readonly Argument<string[]> Scales = new("PROCESS=COUNT") { Description = CliTexts.HelpScales(), Arity = ArgumentArity.ZeroOrMore };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("scale", CliTexts.HelpScale(), ScaleAsync, CommonOptions.App, Scales, CommonOptions.NoFollow, CommonOptions.Json),
        commands.Create("restart", CliTexts.HelpRestart(), RestartAsync, CommonOptions.App, CommonOptions.NoFollow, CommonOptions.Json),
    ];

    private static async Task<int> ScaleAsync(Session session)
    {
        var app = session.Parse.GetRequiredValue(CommonOptions.App);
        var changes = Changes(session.Parse.GetValue(Scales) ?? []);
        if (changes.Count == 0)
            return session.Print(await session.Client.GetAsync(ApiPaths.Formation(app), session.Cancellation), ApiJson.Default.FormationResponse, Show);

        var answer = await session.Client.SendAsync(
            HttpMethod.Patch, ApiPaths.Formation(app), changes, ApiJson.Default.DictionaryStringNullableInt32, session.Cancellation);
        var formation = answer.Read(ApiJson.Default.FormationResponse);
        session.Print(answer, ApiJson.Default.FormationResponse, _ =>
        {
            Show(formation);
            session.Out.WriteLine(CliTexts.Scaled(app, formation.DeploymentId, formation.Items.Any(item => item.ManifestInstances is not null)));
        });
        return formation.DeploymentId is { } id && !session.Parse.GetValue(CommonOptions.NoFollow) ? await session.FollowAsync(id) : ExitCodes.Done;

        void Show(FormationResponse formation)
        {
            if (formation.Items.Count == 0)
            {
                session.Out.WriteLine(CliTexts.NoFormation(app));
                return;
            }

            var table = new Columns("PROCESS", "INSTANCES", "FROM");
            foreach (var item in formation.Items)
                table.Add(item.Process, item.Instances.ToString(CultureInfo.InvariantCulture), CliTexts.ScaleFrom(item.IsSet, item.ManifestInstances));
            table.Write(session.Terminal);
        }
    }

    private static async Task<int> RestartAsync(Session session)
    {
        var path = ApiPaths.Restart(session.Parse.GetRequiredValue(CommonOptions.App));
        return await session.BeginAsync(await session.Client.SendAsync(HttpMethod.Post, path, session.Cancellation));
    }

    private static Dictionary<string, int?> Changes(string[] words)
    {
        var changes = new Dictionary<string, int?>();
        foreach (var word in words)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var count = word[(equals + 1)..];
            int? number = int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : null;
            if (equals <= 0 || (number is null && count != AsInManifest))
                throw CliException.Usage(CliTexts.NotAScale(word));
            if (!changes.TryAdd(word[..equals], number))
                throw CliException.Usage(CliTexts.NamedTwice(word[..equals]));
        }

        return changes;
    }
}
