using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Tests.Router;

/// <summary>A message of HTTP as it was on the wire; each byte is a character of Latin-1.</summary>
/// <param name="Start">The first line.</param>
/// <param name="Headers">Each line, its name in lower case.</param>
/// <param name="Body">Without its framing.</param>
public sealed record RawMessage(string Start, IReadOnlyList<string> Headers, string Body)
{
    public string? this[string name] => Headers.FirstOrDefault(header => header.StartsWith(name + ":", StringComparison.Ordinal))?[(name.Length + 1)..];

    /// <summary>The lines in an order of their own, without those named.</summary>
    public string Lines(params IEnumerable<string> without) =>
        string.Join('\n', Headers.Where(header => !without.Contains(header[..header.IndexOf(':', StringComparison.Ordinal)])).Order(StringComparer.Ordinal));
}

/// <summary>A connection on which nothing is read or written but bytes.</summary>
public sealed class RawConnection(Socket socket) : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly List<byte> _read = [];
    private bool _hasEnded;

    public static async Task<RawConnection> ToAsync(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new RawConnection(socket);
    }

    public async Task SendAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask().WaitAsync(Deadline);

    /// <summary>Reads a whole message; of an answer to HEAD only the head.</summary>
    /// <returns>Null at the end of the connection.</returns>
    public async Task<RawMessage?> ReadAsync(bool headOnly = false)
    {
        if (await ReadHeadAsync() is not { } head)
            return null;
        if (headOnly || head.Start.Split(' ') is [_, "101" or "204" or "304", ..])
            return head;
        if (head["transfer-encoding"]?.Trim() == "chunked")
            return head with { Body = await ReadChunksAsync() };
        if (head["content-length"] is { } length)
            return head with { Body = await TakeAsync(int.Parse(length, CultureInfo.InvariantCulture)) };
        return head.Start.StartsWith("HTTP/", StringComparison.Ordinal) ? head with { Body = await ReadToEndAsync() } : head;
    }

    public async Task<RawMessage?> ReadHeadAsync()
    {
        string text;
        while (!(text = Encoding.Latin1.GetString([.. _read])).Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            if (!await FillAsync())
                return text.Length == 0 ? null : throw new IOException($"The connection ended within a head: {text}");
        }

        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        _read.RemoveRange(0, end + 4);
        var lines = text[..end].Split("\r\n");
        return new RawMessage(lines[0], [.. lines.Skip(1).Select(line => line.Split(':', 2) is var parts ? $"{parts[0].ToLowerInvariant()}:{parts[1].Trim(' ')}" : "")], "");
    }

    public async Task<string> TakeAsync(int length)
    {
        while (_read.Count < length)
        {
            if (!await FillAsync())
                throw new IOException("The connection ended within a body.");
        }

        var taken = Encoding.Latin1.GetString([.. _read.Take(length)]);
        _read.RemoveRange(0, length);
        return taken;
    }

    public async Task<string> ReadToEndAsync()
    {
        while (await FillAsync())
        {
        }

        return await TakeAsync(_read.Count);
    }

    public async Task<bool> HasMoreAsync() => _read.Count > 0 || await FillAsync();

    public void Dispose() => _stream.Dispose();

    private async Task<string> ReadChunksAsync()
    {
        var body = new StringBuilder();
        while (true)
        {
            var line = "";
            while (!line.EndsWith("\r\n", StringComparison.Ordinal))
                line += await TakeAsync(1);
            var size = int.Parse(line.Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Append(await TakeAsync(size));
            (await TakeAsync(2)).ShouldBe("\r\n");
            if (size == 0)
                return body.ToString();
        }
    }

    private async Task<bool> FillAsync()
    {
        if (_hasEnded)
            return false;
        var buffer = new byte[64 * 1024];
        var read = await _stream.ReadAsync(buffer).AsTask().WaitAsync(Deadline);
        _read.AddRange(buffer.AsSpan(0, read));
        _hasEnded = read == 0;
        return read > 0;
    }
}

/// <summary>An app behind the router that answers as it is told to, and shows what came to it.</summary>
public sealed class RawRouter : IAsyncLifetime
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Channel<RawMessage> _seen = Channel.CreateUnbounded<RawMessage>();
    private readonly CancellationTokenSource _stop = new();
    private Func<RawConnection, Task<bool>> _serve = null!;
    private readonly Dictionary<string, string?>? _settings;
    private Task _accepting = Task.CompletedTask;

    public RawRouter()
        : this(null)
    {
    }

    internal RawRouter(Dictionary<string, string?>? settings) => _settings = settings;

    internal GatewayHost Host { get; private set; } = null!;

    internal ConcurrentQueue<(string Line, Exception? Exception)> Log { get; } = new();

    public async ValueTask InitializeAsync()
    {
        Host = await GatewayHost.StartAsync(_settings, services: services => services.AddLogging(
            logging => logging.AddProvider(new LogRecorder(Log)).AddFilter("Yarp", LogLevel.Error).AddFilter("Microsoft", LogLevel.Warning)
                .AddFilter("Paas.Gateway.Access.BearerHandler", LogLevel.Warning)));
        await Host.CreateAppAsync("shop");
        _listener.Start();
        _accepting = AcceptAsync();
        var app = await Host.WithDbAsync(db => db.Apps.Select(app => app.Id).SingleAsync());
        await Host.Services.GetRequiredService<IBus>().CreateRequestClient<SwitchRoute>(Endpoints.Route).GetResponse<RouteSwitched>(
            new SwitchRoute { AppId = app, App = "shop", Release = 7, Instances = [$"http://{_listener.LocalEndpoint}"] });
        Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        await Host.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>Answers each whole request with these bytes.</summary>
    public void Answer(string answer, bool andClose = false) => Serve(async connection =>
    {
        if (await connection.ReadAsync() is not { } request)
            return false;
        _seen.Writer.TryWrite(request);
        await connection.SendAsync(answer);
        return !andClose;
    });

    /// <param name="serve">Serves a request; false to close the connection.</param>
    public void Serve(Func<RawConnection, Task<bool>> serve) => _serve = serve;

    public Task<RawConnection> VisitAsync() => RawConnection.ToAsync(Host.Url.Port);

    /// <summary>What the app has seen next.</summary>
    public async Task<RawMessage> SeenAsync() => await _seen.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public void NothingIsSeen() => _seen.Reader.TryRead(out _).ShouldBeFalse();

    /// <summary>Sends a request, and reads its answer.</summary>
    public async Task<RawMessage> AskAsync(string request)
    {
        using var connection = await VisitAsync();
        await connection.SendAsync(request);
        return (await connection.ReadAsync(headOnly: request.StartsWith("HEAD ", StringComparison.Ordinal)))!;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(new RawConnection(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // The test has ended.
        }
    }

    private async Task ServeAsync(RawConnection connection)
    {
        try
        {
            // What it answers is what it is told until the request comes.
            while (await connection.HasMoreAsync() && await _serve(connection))
            {
            }
        }
        catch (IOException)
        {
            // The router has closed it.
        }
        finally
        {
            connection.Dispose();
        }
    }

    private sealed class LogRecorder(ConcurrentQueue<(string, Exception?)> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue((formatter(state, exception), exception));

        public void Dispose()
        {
        }
    }
}
