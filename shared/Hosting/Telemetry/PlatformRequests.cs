using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Paas.Hosting.Telemetry;

/// <summary>
/// Keeps the requests that can lead to a deployment, webhooks and changes by the API, and leaves out all others:
/// visitors of apps would drown them, and so would those who ask again and again how far a deployment has come.
/// </summary>
internal sealed class PlatformRequests(IOptions<PaasOptions> options) : IStartupFilter
{
    private readonly string _appsEnd = "." + options.Value.Domain;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) => context.Features.Get<IHttpActivityFeature>()?.Activity is { } activity
            ? TraceAsync(context, activity, following)
            : following(context));
        next(app);
    };

    private async Task TraceAsync(HttpContext context, Activity activity, RequestDelegate following)
    {
        if (IsOfInterest(context.Request))
            activity.Keep();
        else
            activity.Forget();
        // What a stranger sends along would travel on with every message.
        foreach (var name in activity.Baggage.Select(pair => pair.Key).Distinct().ToList())
            activity.SetBaggage(name, null);
        await following(context);
        if (!activity.IsAllDataRequested)
            return;
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        activity.DisplayName = $"{context.Request.Method} {route}".TrimEnd();
        activity.SetTag("http.route", route);
        activity.SetTag("http.response.status_code", context.Response.StatusCode);
        if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
            activity.SetTag(Attributes.ErrorType, $"{context.Response.StatusCode}").SetStatus(ActivityStatusCode.Error);
    }

    private bool IsOfInterest(HttpRequest request) =>
        !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)
        && (request.Path.StartsWithSegments("/webhooks") || request.Path.StartsWithSegments("/v1"))
        && !request.Host.Host.TrimEnd('.').EndsWith(_appsEnd, StringComparison.OrdinalIgnoreCase);
}
