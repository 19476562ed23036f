using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using Paas.Gateway.Http;
using Paas.Hosting;
using Yarp.ReverseProxy.Forwarder;

namespace Paas.Gateway.Router;

/// <summary>Takes the requests for <c>app.domain</c> out of the pipeline, before anything of the platform sees them.</summary>
internal sealed partial class AppRouter(
    RequestDelegate next, RouteTable routes, AppNames names, AppForwarder forwarder, MalformedRequests malformed, IOptions<PaasOptions> options,
    ILogger<AppRouter> logger)
{
    private readonly string _domain = options.Value.Domain;

    public Task InvokeAsync(HttpContext context) =>
        AppHost.TryGetApp(context.Request.Host.Host, _domain, out var app) ? RouteAsync(context, app) : next(context);

    private async Task RouteAsync(HttpContext context, string app)
    {
        // How much an app takes in, and how slowly, is its own business.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;

        if (routes.Find(app) is not { } route)
        {
            await WriteMissingAsync(context, app);
            return;
        }

        switch (await forwarder.ForwardAsync(context, route))
        {
            case ForwardOutcome.NoInstance:
                await RouterPages.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, GatewayTexts.NoInstanceTitle(app), GatewayTexts.NoInstance(app));
                break;
            case ForwardOutcome.TimedOut:
                await RouterPages.WriteAsync(context, StatusCodes.Status504GatewayTimeout, GatewayTexts.AppSilentTitle(app), GatewayTexts.AppSilent(app));
                break;
            case ForwardOutcome.Failed:
                var reason = Reason(context);
                Log.Failed(logger, app, reason);
                await RouterPages.WriteAsync(context, StatusCodes.Status502BadGateway, GatewayTexts.AppFailedTitle(app), GatewayTexts.AppFailed(app));
                break;
            case ForwardOutcome.Malformed:
                await malformed.RefuseAsync(context, StatusCodes.Status400BadRequest, GatewayTexts.MalformedTitle(), GatewayTexts.RequestBodyMalformed());
                break;
            case ForwardOutcome.Full:
                await RouterPages.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, GatewayTexts.TooManyWebSocketsTitle(), GatewayTexts.TooManyWebSockets());
                break;
        }
    }

    private async Task WriteMissingAsync(HttpContext context, string app)
    {
        bool exists;
        try
        {
            exists = await names.ContainsAsync(app, context.RequestAborted);
        }
        catch (Exception exception) when (ProblemHandler.IsStorageFault(exception))
        {
            exists = true; // perhaps: a 404 might be remembered
        }

        if (exists)
            await RouterPages.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, GatewayTexts.NotDeployedTitle(app), GatewayTexts.NotDeployed(app));
        else
            await RouterPages.WriteAsync(context, StatusCodes.Status404NotFound, GatewayTexts.HostUnknownTitle(), GatewayTexts.HostUnknown(app));
    }

    /// <summary>A line, and no stack: it is the app's.</summary>
    private static string Reason(HttpContext context)
    {
        var exception = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        while (exception is AggregateException { InnerException: { } inner })
            exception = inner;
        return GatewayTexts.Shorten(exception?.Message ?? "");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The app {App} did not answer a request: {Reason}")]
        public static partial void Failed(ILogger logger, string app, string reason);
    }
}
