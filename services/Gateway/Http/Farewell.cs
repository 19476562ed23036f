using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Paas.Gateway.Http;

/// <summary>
/// Takes leave before the server stops: first no new connections are taken, and each answer asks the client to close its
/// own. A server that just stops closes connections that are idle, and loses what is sent on them in that moment.
/// </summary>
internal sealed class Farewell : IHostedLifecycleService, IDisposable
{
    /// <summary>Whoever asks again and again has asked once more by then.</summary>
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(0.5);

    private readonly ConcurrentQueue<IConnectionListener> _listeners = new();
    private readonly CancellationTokenSource _stopping = new();

    public void Add(IConnectionListener listener) => _listeners.Enqueue(listener);

    /// <summary>Ends what is followed: whoever follows must not keep the server from stopping.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>What is asked for when the server has begun to stop, and would not come to an end.</summary>
    /// <exception cref="ProblemException">The server stops.</exception>
    public void RefuseToFollow()
    {
        if (_stopping.IsCancellationRequested)
            throw ProblemException.Unavailable(GatewayTexts.Stopping());
    }

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (_stopping.IsCancellationRequested)
        {
            // An error's answer begins with headers of its own.
            context.Response.OnStarting(() =>
            {
                context.Response.Headers.Connection = "close";
                return Task.CompletedTask;
            });
        }

        return next(context);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        foreach (var listener in _listeners)
            await listener.UnbindAsync(cancellationToken);
        // By the clients' time, which is nobody's to set.
        await Task.Delay(Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Kestrel's own sockets, whose listeners can be closed before Kestrel does it.</summary>
internal sealed class FarewellTransport(SocketTransportFactory sockets, Farewell farewell) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = await sockets.BindAsync(endpoint, cancellationToken);
        farewell.Add(listener);
        return listener;
    }

    public bool CanBind(EndPoint endpoint) => sockets.CanBind(endpoint);
}
