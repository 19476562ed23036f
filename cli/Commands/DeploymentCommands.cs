using System.CommandLine;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts.Api;

namespace Paas.Cli.Commands;

/// <summary><c>deploy</c>, and looking at what became of it.</summary>
internal static class DeploymentCommands
{
    private static readonly Option<string?> Ref = new("--ref") { Description = CliTexts.HelpRef() };
    private static readonly Option<string?> Commit = new("--commit") { Description = CliTexts.HelpCommit(), HelpName = "SHA" };
    private static readonly Option<bool> NoCache = new("--no-cache") { Description = CliTexts.HelpNoCache() };

    public static IEnumerable<Command> All(CommandFactory commands) =>
    [
        commands.Create("deploy", CliTexts.HelpDeploy(), DeployAsync, CommonOptions.App, Ref, Commit, NoCache, CommonOptions.NoFollow, CommonOptions.Json),
        commands.Create("deployments", CliTexts.HelpDeployments(), ListAsync, CommonOptions.OptionalApp, CommonOptions.Json, CommonOptions.Limit, CommonOptions.Cursor),
        commands.Create("deployment", CliTexts.HelpDeploymentCommand(), ShowAsync, CommonOptions.Deployment, CommonOptions.Json),
        commands.Create("cancel", CliTexts.HelpCancel(), CancelAsync, CommonOptions.Deployment, CommonOptions.Json),
    ];

    private static async Task<int> DeployAsync(Session session)
    {
        var request = new CreateDeploymentRequest
        {
            Ref = session.Parse.GetValue(Ref),
            Commit = session.Parse.GetValue(Commit),
            NoCache = session.Parse.GetValue(NoCache),
        };
        if (request is { Ref: not null, Commit: not null })
            throw CliException.Usage(CliTexts.RefOrCommit());
        var path = ApiPaths.DeploymentsOf(session.Parse.GetRequiredValue(CommonOptions.App));
        var answer = await session.Client.SendAsync(HttpMethod.Post, path, request, ApiJson.Default.CreateDeploymentRequest, session.Cancellation);
        return await session.BeginAsync(answer);
    }

    private static async Task<int> ListAsync(Session session)
    {
        var app = session.Parse.GetValue(CommonOptions.OptionalApp);
        var path = ApiPaths.WithPage(
            app is null ? ApiPaths.Deployments : ApiPaths.DeploymentsOf(app),
            session.Parse.GetValue(CommonOptions.Limit),
            session.Parse.GetValue(CommonOptions.Cursor));
        return session.Print(await session.Client.GetAsync(path, session.Cancellation), ApiJson.Default.PageDeploymentResponse, page =>
        {
            if (page.Items.Count == 0)
                session.Out.WriteLine(CliTexts.NoDeployments());
            else
                Table(page.Items, session.Terminal).Write(session.Terminal);
            session.SayMore(page.Next);
        });
    }

    private static async Task<int> ShowAsync(Session session)
    {
        var id = await session.Client.FindDeploymentAsync(session.Parse.GetRequiredValue(CommonOptions.Deployment), session.Cancellation);
        var answer = await session.Client.GetAsync(ApiPaths.Deployment(id), session.Cancellation);
        var newer = await session.NewerThanAsync(session.Client, answer.Read(ApiJson.Default.DeploymentResponse));
        return session.Print(answer, ApiJson.Default.DeploymentResponse, deployment => Show(session, deployment, newer));
    }

    private static void Show(Session session, DeploymentResponse deployment, string? newer)
    {
        session.WriteFields(
            ("Deployment", $"{deployment.Name} ({deployment.Id:D})"),
            ("App", $"{deployment.App} ({deployment.Environment})"),
            ("Commit", $"{Words.ShortCommit(deployment.Commit)} {(deployment.CommitMessage ?? "").Split('\n')[0]}".Trim()),
            ("Ref", Words.ShortRef(deployment.Ref)),
            ("Asked for by", deployment.Trigger),
            ("Begun", Words.Ago(deployment.CreatedAt, session.Terminal.Time.GetUtcNow())),
            ("Release", deployment.Release is { } release ? $"v{release}" : ""),
            ("Image", deployment.ImageDigest ?? ""));
        session.Out.WriteLine();
        foreach (var step in deployment.Steps)
        {
            var line = StepLines.Live(step, session.Terminal.Time.GetUtcNow(), session.Terminal.Time, session.Terminal.IsUnicode, 0);
            session.Out.WriteLine(line.ToString());
        }

        session.Out.WriteLine();
        foreach (var line in DeploymentSummary.Of(deployment, session.Terminal.IsUnicode, newer))
            session.Out.WriteLine(line.ToString());
    }

    private static async Task<int> CancelAsync(Session session)
    {
        var id = await session.Client.FindDeploymentAsync(session.Parse.GetRequiredValue(CommonOptions.Deployment), session.Cancellation);
        await session.Client.SendAsync(HttpMethod.Post, ApiPaths.Cancel(id), session.Cancellation);
        return session.Print(await session.Client.GetAsync(ApiPaths.Deployment(id), session.Cancellation), ApiJson.Default.DeploymentResponse,
            deployment => session.Out.WriteLine(CliTexts.CancelAsked(deployment.Name)));
    }

    private static Columns Table(IReadOnlyList<DeploymentResponse> deployments, Terminal terminal)
    {
        var table = new Columns("DEPLOYMENT", "STATE", "COMMIT", "RELEASE", "BEGUN", "MESSAGE");
        foreach (var deployment in deployments)
        {
            table.Add(
                deployment.Name,
                deployment.State,
                Words.ShortCommit(deployment.Commit),
                deployment.Release is { } release ? $"v{release}" : "-",
                Words.Ago(deployment.CreatedAt, terminal.Time.GetUtcNow()),
                deployment.Failure?.Message.Split('\n')[0] ?? (deployment.CommitMessage ?? "").Split('\n')[0]);
        }

        return table;
    }
}
