using System.Net.Security;
using System.Net.Sockets;
using Paas.Gateway.Http;

namespace Paas.Gateway.Router;

/// <summary>How many connections to apps are open; above some number none is kept for later.</summary>
internal sealed class OpenConnections(ConnectionLimits limits)
{
    private int _count;

    public bool HasRoomForIdle => Volatile.Read(ref _count) <= limits.IdleToApps;

    public void Opened() => Interlocked.Increment(ref _count);

    public void Closed() => Interlocked.Decrement(ref _count);
}

/// <summary>
/// The forwarder's connections to apps. <see cref="HttpClient"/>'s would send a request as it thinks right, not as it came:
/// its own idea of the target, of the characters in headers, and of when an answer may come.
/// </summary>
internal sealed class AppConnections : HttpMessageHandler
{
    public static readonly HttpRequestOptionsKey<HttpContext> Visit = new("paas.visit");

    private static readonly TimeSpan MaxConnectTime = TimeSpan.FromSeconds(3);

    /// <summary>Less than any app server keeps an idle connection: none is used at the moment in which it is closed.</summary>
    private static readonly TimeSpan MaxIdleTime = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Stack<AppConnection>> _idle = [];
    private readonly Lock _lock = new();
    private readonly OpenConnections _open;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private bool _isDisposed;

    public AppConnections(OpenConnections open, TimeProvider clock)
    {
        (_open, _clock) = (open, clock);
        _timer = clock.CreateTimer(_ => CloseIdle(), null, MaxIdleTime, MaxIdleTime / 2);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var context = request.Options.TryGetValue(Visit, out var visit) ? visit : throw new ArgumentException("It is no visitor's.", nameof(request));
        var origin = request.RequestUri!;
        while (true)
        {
            var connection = Take(origin.Authority) ?? await ConnectAsync(origin, cancellationToken);
            try
            {
                return await new AppExchange(connection, request, Return).RunAsync(context, cancellationToken);
            }
            catch (Exception exception) when (
                exception is IOException or HttpRequestException && connection is { IsReused: true, HasRead: false } && CanBeSentAgain(request)
                && !cancellationToken.IsCancellationRequested)
            {
                // The app has closed it just now, and has not seen the request.
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _timer.Dispose();
            lock (_lock)
            {
                _isDisposed = true;
                foreach (var connection in _idle.Values.SelectMany(stack => stack))
                    connection.Dispose();
                _idle.Clear();
            }
        }

        base.Dispose(disposing);
    }

    private static bool CanBeSentAgain(HttpRequestMessage request) =>
        request.Content is null && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Options);

    private AppConnection? Take(string origin)
    {
        while (true)
        {
            AppConnection? connection;
            lock (_lock)
            {
                if (!_idle.TryGetValue(origin, out var stack) || !stack.TryPop(out connection))
                    return null;
            }

            if (_clock.GetElapsedTime(connection.IdleSince) < MaxIdleTime && connection.IsUsable)
                return connection;
            connection.Dispose();
        }
    }

    private void Return(AppConnection connection, bool canGoOn)
    {
        if (canGoOn && _open.HasRoomForIdle)
        {
            (connection.IdleSince, connection.IsReused, connection.HasRead) = (_clock.GetTimestamp(), true, false);
            lock (_lock)
            {
                if (!_isDisposed)
                {
                    if (!_idle.TryGetValue(connection.Origin, out var stack))
                        _idle.Add(connection.Origin, stack = new Stack<AppConnection>());
                    stack.Push(connection);
                    return;
                }
            }
        }

        connection.Dispose();
    }

    private void CloseIdle()
    {
        var old = new List<AppConnection>();
        lock (_lock)
        {
            foreach (var (origin, stack) in _idle)
            {
                var kept = stack.Where(connection => _clock.GetElapsedTime(connection.IdleSince) < MaxIdleTime).Reverse().ToList();
                old.AddRange(stack.Except(kept));
                if (kept.Count == 0)
                    _idle.Remove(origin);
                else if (kept.Count < stack.Count)
                    _idle[origin] = new Stack<AppConnection>(kept);
            }
        }

        old.ForEach(connection => connection.Dispose());
    }

    private async Task<AppConnection> ConnectAsync(Uri origin, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(MaxConnectTime);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(origin.DnsSafeHost, origin.Port, timeout.Token);
            stream = new NetworkStream(socket, ownsSocket: false);
            if (origin.Scheme == Uri.UriSchemeHttps)
            {
                var secured = new SslStream(stream);
                stream = secured;
                await secured.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = origin.DnsSafeHost }, timeout.Token);
            }

            _open.Opened();
            return new AppConnection(origin.Authority, socket, stream, _open);
        }
        catch (Exception exception)
        {
            if (stream is not null)
                await stream.DisposeAsync();
            socket.Dispose();
            if (exception is OperationCanceledException && !cancellation.IsCancellationRequested)
                throw new HttpRequestException(HttpRequestError.ConnectionError, $"It did not take a connection within {MaxConnectTime.TotalSeconds:0} seconds.", exception);
            if (exception is SocketException or IOException or System.Security.Authentication.AuthenticationException)
                throw new HttpRequestException(HttpRequestError.ConnectionError, $"It took no connection: {exception.Message}", exception);
            throw;
        }
    }
}
