using System.Diagnostics;
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
    IHttpForwarder forwarder, RouteTable routes, RouteSwitch routeSwitch, IOptions<GatewayOptions> options, RequestEnd end) : IDisposable
{
    private readonly ForwarderRequestConfig _request = new() { ActivityTimeout = options.Value.AppTimeout, Version = HttpVersion.Version11 };

    // Less than any app server keeps an idle connection: none is used at the moment in which it is closed.
    private readonly HttpMessageInvoker _client = CreateClient(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

    // HttpClient would use a connection again that an HTTP/1.0 server is about to close, and lose the request.
    private readonly HttpMessageInvoker _oneConnectionEach = CreateClient(TimeSpan.Zero, TimeSpan.Zero);

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

    public void Dispose()
    {
        _client.Dispose();
        _oneConnectionEach.Dispose();
    }

    private static HttpMessageInvoker CreateClient(TimeSpan idleTimeout, TimeSpan lifetime) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(3),
        PooledConnectionIdleTimeout = idleTimeout,
        PooledConnectionLifetime = lifetime,
        ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current),
    });

    private async Task<ForwardOutcome> ForwardAsync(HttpContext context, AppRoute route, Instance instance)
    {
        context.Features.Set(instance);
        var client = instance.ClosesConnections ? _oneConnectionEach : _client;
        return await forwarder.SendAsync(context, instance.Url, client, _request, route.Transformer, end.Token) switch
        {
            ForwarderError.None or ForwarderError.RequestCanceled => ForwardOutcome.Done,
            ForwarderError.RequestTimedOut when !ConnectTimedOut(context) => ForwardOutcome.TimedOut,
            _ when context.Response.HasStarted || context.RequestAborted.IsCancellationRequested => ForwardOutcome.Done,
            _ => ForwardOutcome.Failed,
        };
    }

    /// <summary>Connecting has failed: the request and its body are still whole.</summary>
    private static bool NothingWasSent(HttpContext context) =>
        Error(context) is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError }
        || ConnectTimedOut(context);

    private static bool ConnectTimedOut(HttpContext context) => Error(context) is OperationCanceledException { InnerException: TimeoutException };

    private static Exception? Error(HttpContext context) => context.Features.Get<IForwarderErrorFeature>()?.Exception;
}
