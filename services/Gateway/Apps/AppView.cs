using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Paas.Contracts.Api;
using Paas.Hosting;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Apps;

/// <summary>An app and what is known of its newest deployments.</summary>
internal sealed record AppRow
{
    public required App App { get; init; }
    public required AppEnvironment Environment { get; init; }
    public string? LastState { get; init; }
    public string? LastUrl { get; init; }
}

/// <summary>Where apps are seen, in a process that holds the router: its port may be another at each start.</summary>
/// <param name="PublicUrl">The URL that people see for a host name.</param>
public sealed record RouterUrls(Func<string, Uri> PublicUrl);

internal sealed class AppView(PaasDbContext db, IOptions<PaasOptions> paas, IOptions<GatewayOptions> gateway, RouterUrls? router = null)
{
    public IQueryable<AppRow> Rows(IQueryable<App> apps) =>
        from app in apps
        join environment in db.Environments on app.Id equals environment.AppId
        where environment.Name == AppEnvironment.Production
        select new AppRow
        {
            App = app,
            Environment = environment,
            LastState = db.Deployments.Where(x => x.AppId == app.Id).OrderByDescending(x => x.CreatedAt).Select(x => x.CurrentState).FirstOrDefault(),
            LastUrl = db.Deployments.Where(x => x.AppId == app.Id && x.Url != null && x.CurrentState == DeploymentStates.Succeeded)
                .OrderByDescending(x => x.CreatedAt).Select(x => x.Url).FirstOrDefault(),
        };

    public async Task<AppResponse> ShowAsync(Guid id, HttpRequest request, string? secret, CancellationToken cancellation) =>
        Show(await Rows(db.Apps.AsNoTracking().Where(app => app.Id == id)).SingleAsync(cancellation), request, secret);

    public AppResponse Show(AppRow row, HttpRequest request, string? secret = null) => new()
    {
        Id = row.App.Id,
        Name = row.App.Name,
        Repository = row.App.Repository,
        Branch = row.Environment.Branch,
        Root = row.App.Root,
        Target = row.App.Target,
        Environment = row.Environment.Name,
        Policy = row.Environment.Policy,
        SkipCi = row.App.SkipCi,
        WatchPaths = row.App.WatchPaths ?? [],
        CreatedAt = row.App.CreatedAt,
        Url = UrlOf(row, request),
        WebhookUrl = $"{PublicUrl(request)}/webhooks/github/{row.App.Name}",
        WebhookSecret = secret,
        Release = row.Environment.LiveRelease,
        LastDeploymentState = row.LastState,
    };

    private string PublicUrl(HttpRequest request) => gateway.Value.PublicUrl?.TrimEnd('/') ?? $"{request.Scheme}://{request.Host.Value}";

    private string UrlOf(AppRow row, HttpRequest request)
    {
        var host = $"{row.App.Name}.{paas.Value.Domain}";
        if (router is null)
            return row.LastUrl ?? $"{UrlOf(host, new Uri(PublicUrl(request)))}";
        var now = router.PublicUrl(host);
        if (row.LastUrl is null)
            return $"{now}";
        // What a manifest adds to the path stays; a cluster has hosts of its own.
        return Uri.TryCreate(row.LastUrl, UriKind.Absolute, out var last) && last.Host == now.Host ? $"{new Uri(now, last.PathAndQuery)}" : row.LastUrl;
    }

    private static Uri UrlOf(string host, Uri platform) => new UriBuilder(platform.Scheme, host, platform.IsDefaultPort ? -1 : platform.Port, "/").Uri;
}
