using System.Net;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace Paas.Gateway.Router;

internal enum ForwardOutcome
{
    /// <summary>Answered, or the visitor has gone.</summary>
    Done,
    NoInstance,
    Failed,
    TimedOut,

    /// <summary>The visitor sent what is no request, as it turned out in the middle of it.</summary>
    Malformed,

    /// <summary>There are as many WebSockets already as there can be.</summary>
    Full,
}

/// <summary>Cuts what has not ended some time after the gateway was asked to stop: an upgraded connection has no end of its own.</summary>
internal sealed class RequestEnd : IDisposable
{
    private readonly CancellationTokenSource _cut = new();
    private readonly CancellationTokenRegistration _stopping;

    public RequestEnd(IHostApplicationLifetime lifetime, IOptions<GatewayOptions> options) =>
        _stopping = lifetime.ApplicationStopping.Register(() => _cut.CancelAfter(options.Value.StopTimeout));

    public CancellationToken Token => _cut.Token;

    public void Dispose()
    {
        _stopping.Dispose();
        _cut.Dispose();
    }
}

/// <summary>Sends a request to an instance of its app.</summary>
internal sealed class AppForwarder(
    IHttpForwarder forwarder, RouteTable routes, RouteSwitch routeSwitch, AppConnections connections, IOptions<GatewayOptions> options, RequestEnd end) : IDisposable
{
    private readonly ForwarderRequestConfig _request = new() { ActivityTimeout = options.Value.AppTimeout, Version = HttpVersion.Version11 };

    private readonly HttpMessageInvoker _client = new(connections, disposeHandler: false);

    public async Task<ForwardOutcome> ForwardAsync(HttpContext context, AppRoute route)
    {
        var outcome = ForwardOutcome.NoInstance;
        for (var again = false; ; again = true)
        {
            foreach (var instance in route.InTurn())
            {
                // Turned away: the route has just been switched.
                if (!instance.TryEnter())
                    continue;
                try
                {
                    outcome = await ForwardAsync(context, route, instance);
                }
                finally
                {
                    instance.Leave();
                }

                if (outcome != ForwardOutcome.Failed || !NothingWasSent(context))
                    return outcome;
                context.Response.Clear();
            }

            // Another gateway may have switched the route, and its word of it be on its way.
            if (routes.Find(route.App) == route)
                await routeSwitch.CheckAsync(route);
            var newest = routes.Find(route.App);
            if (newest is null || newest == route)
                return newest is null ? ForwardOutcome.NoInstance : outcome;
            // A route that is switched all the time must not keep a request for ever once it has met an instance that fails.
            if (again && outcome == ForwardOutcome.Failed)
                return outcome;
            route = newest;
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<ForwardOutcome> ForwardAsync(HttpContext context, AppRoute route, Instance instance)
    {
        var error = await forwarder.SendAsync(context, instance.Url, _client, _request, route.Transformer, end.Token);
        if (error is ForwarderError.None or ForwarderError.RequestCanceled || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
            return ForwardOutcome.Done;
        return error switch
        {
            ForwarderError.RequestTimedOut => ForwardOutcome.TimedOut,
            ForwarderError.RequestBodyClient => ForwardOutcome.Malformed,
            ForwarderError.UpgradeResponseClient => ForwardOutcome.Full,
            _ => ForwardOutcome.Failed,
        };
    }

    /// <summary>Connecting has failed: the request and its body are still whole.</summary>
    private static bool NothingWasSent(HttpContext context) =>
        context.Features.Get<IForwarderErrorFeature>()?.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError };
}
