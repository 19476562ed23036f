using Paas.Contracts.Api;

namespace Paas.Cli.Platform;

/// <summary>The API's paths, relative to the platform's URL.</summary>
internal static class ApiPaths
{
    public const string Apps = "v1/apps";
    public const string Deployments = "v1/deployments";
    public const string Deliveries = "v1/deliveries";
    public const string Instances = "v1/instances";
    public const string Faults = "v1/admin/faults";
    public const string ReplayMany = $"{Faults}/replay";
    public const string DeadMessages = "v1/admin/dead-messages";
    public const string Targets = "v1/targets";
    public const string Ready = "health/ready";
    public const string Status = "v1/status";
    public const string GitHubWebhook = "webhooks/github";

    public static string App(string app) => $"{Apps}/{Uri.EscapeDataString(app)}";

    public static string ConfigVars(string app, bool? runOnly = null) =>
        $"{App(app)}/config-vars{(runOnly is { } only ? $"?runOnly={(only ? "true" : "false")}" : "")}";

    public static string ConfigVarsWithValues(string app) => $"{ConfigVars(app)}?values=true";

    public static string Formation(string app) => $"{App(app)}/formation";

    public static string Restart(string app) => $"{App(app)}/restart";

    public static string DeploymentsOf(string app) => $"{App(app)}/deployments";

    public static string ReleasesOf(string app) => $"{App(app)}/releases";

    public static string Rollback(string app, int version) => $"{ReleasesOf(app)}/{version}/rollback";

    public static string Deployment(Guid id) => $"{Deployments}/{id:D}";

    public static string Logs(Guid id, int? tail = null) => $"{Deployment(id)}/logs" + (tail is null ? "" : $"?tail={tail}");

    public static string AppLogs(string app, int tail, string? process) =>
        $"{App(app)}/logs?tail={tail}" + (process is null ? "" : $"&process={Uri.EscapeDataString(process)}");

    public static string InstancesOf(string app) => $"{App(app)}/instances";

    public static string EventsOf(string app) => $"{App(app)}/events";

    public static string RunsOf(string app) => $"{App(app)}/runs";

    public static string Run(string app, string run) => $"{RunsOf(app)}/{Uri.EscapeDataString(run)}";

    public static string StopRun(string app, string run) => $"{Run(app, run)}/stop";

    public static string RunOutput(string app, string run) => $"{Run(app, run)}/logs";

    public static string Cancel(Guid id) => $"{Deployment(id)}/cancel";

    public static string Fault(Guid id) => $"{Faults}/{id:D}";

    public static string Replay(Guid id) => $"{Fault(id)}/replay";

    public static string Discard(Guid id) => $"{Fault(id)}/discard";

    public static string DiscardMessage(Guid id) => $"{DeadMessages}/{id:D}/discard";

    public static string WithPage(string path, int limit, string? cursor) =>
        $"{path}?limit={limit}" + (cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}");
}

/// <summary>The few requests that more than one command makes.</summary>
internal static class PlatformClientExtensions
{
    public static async Task<DeploymentResponse> GetDeploymentAsync(this PlatformClient client, Guid id, CancellationToken cancellation) =>
        (await client.GetAsync(ApiPaths.Deployment(id), cancellation)).Read(ApiJson.Default.DeploymentResponse);

    /// <summary>Whether a word names a deployment, and not an app: no app's name has a #, nor is as long as an id.</summary>
    public static bool IsDeployment(string word) => word.Contains('#', StringComparison.Ordinal) || Guid.TryParseExact(word, "D", out _);

    /// <summary>A deployment's name or id, or an app's name, which stands for its newest deployment.</summary>
    public static async Task<Guid> FindDeploymentAsync(this PlatformClient client, string idOrApp, CancellationToken cancellation)
    {
        if (Guid.TryParseExact(idOrApp, "D", out var id))
            return id;
        if (IsDeployment(idOrApp))
        {
            var named = await client.GetAsync($"{ApiPaths.Deployments}/{Uri.EscapeDataString(idOrApp)}", cancellation);
            return named.Read(ApiJson.Default.DeploymentResponse).Id;
        }

        var answer = await client.GetAsync(ApiPaths.WithPage(ApiPaths.DeploymentsOf(idOrApp), 1, null), cancellation);
        return answer.Read(ApiJson.Default.PageDeploymentResponse).Items is [var newest, ..]
            ? newest.Id
            : throw CliException.NotFound(CliTexts.NoDeploymentsYet(idOrApp));
    }
}
