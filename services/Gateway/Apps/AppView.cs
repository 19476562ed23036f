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

internal sealed class AppView(PaasDbContext db, IOptions<PaasOptions> paas, IOptions<GatewayOptions> gateway)
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
        Target = row.App.Target,
        Environment = row.Environment.Name,
        Policy = row.Environment.Policy,
        CreatedAt = row.App.CreatedAt,
        Url = row.LastUrl ?? UrlOf(row.App.Name, request),
        WebhookUrl = $"{PublicUrl(request)}/webhooks/github/{row.App.Name}",
        WebhookSecret = secret,
        Release = row.Environment.LiveRelease,
        LastDeploymentState = row.LastState,
    };

    private string PublicUrl(HttpRequest request) => gateway.Value.PublicUrl?.TrimEnd('/') ?? $"{request.Scheme}://{request.Host.Value}";

    private string UrlOf(string app, HttpRequest request)
    {
        var platform = new Uri(PublicUrl(request));
        return $"{platform.Scheme}://{app}.{paas.Value.Domain}{(platform.IsDefaultPort ? "" : $":{platform.Port}")}/";
    }
}
