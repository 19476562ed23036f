using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Paas.EndToEnd.Tests;

/// <summary>More connections than the process has file descriptors.</summary>
public sealed class ConnectionFloodTests
{
    private const int Descriptors = 1_024;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_platform_stays_up_and_serves_those_it_has_while_thousands_of_idle_connections_come()
    {
        await using var platform = await Platform.StartWithDescriptorsAsync(Descriptors);
        using var repository = new Repository(("app.py", """
            import http.server, os
            class App(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200)
                    self.send_header('Content-Length', '5')
                    self.end_headers()
                    self.wfile.write(b'hello')
            http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), App).serve_forever()
            """), ("Procfile", "web: python3 app.py\n"));
        var app = await platform.CreateAppAsync("flood", repository);
        var deployment = await platform.DeployAsync(app, repository);
        (await platform.GetAppAsync("flood")).ShouldBe((HttpStatusCode.OK, "hello"), await platform.LogAsync(deployment.Id));
        using var visitor = await ConnectAsync(platform);
        (await GetAsync(visitor)).ShouldEndWith("hello");

        var idle = new List<TcpClient>();
        try
        {
            var unfinished = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: flood.localhost\r\nX: {new string('x', 30_000)}");
            for (var i = 0; i < 3_000; i++)
            {
                idle.Add(await ConnectAsync(platform));
                if (i % 2 == 0)
                    await SendAsync(idle[^1], unfinished);
                if (i % 250 == 0)
                    (await GetAsync(visitor)).ShouldEndWith("hello", customMessage: platform.Output);
            }

            (await GetAsync(visitor)).ShouldEndWith("hello");
            platform.HasEnded.ShouldBeFalse(platform.Output);
        }
        finally
        {
            idle.ForEach(connection => connection.Dispose());
        }

        await Platform.UntilAsync(
            async () =>
            {
                using var next = await ConnectAsync(platform);
                return (await GetAsync(next)).EndsWith("hello", StringComparison.Ordinal);
            },
            "new visitors are served once the others have gone");
        (await GetAsync(visitor)).ShouldEndWith("hello");
        platform.Output.ShouldNotContain("Out of memory");
    }

    private static async Task<TcpClient> ConnectAsync(Platform platform)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, platform.Http.BaseAddress!.Port).WaitAsync(Deadline);
        return client;
    }

    private static async Task SendAsync(TcpClient client, byte[] bytes)
    {
        try
        {
            await client.GetStream().WriteAsync(bytes);
        }
        catch (IOException)
        {
            // It has been closed already: there are too many.
        }
    }

    /// <returns>The answer as it came; nothing if the connection was closed instead.</returns>
    private static async Task<string> GetAsync(TcpClient client)
    {
        try
        {
            await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: flood.localhost\r\n\r\n"u8.ToArray()).AsTask().WaitAsync(Deadline);
            var answer = "";
            var buffer = new byte[4_096];
            while (!answer.EndsWith("\r\n\r\nhello", StringComparison.Ordinal))
            {
                var read = await client.GetStream().ReadAsync(buffer).AsTask().WaitAsync(Deadline);
                if (read == 0)
                    break;
                answer += Encoding.ASCII.GetString(buffer, 0, read);
            }

            return answer;
        }
        catch (IOException)
        {
            return "";
        }
    }
}
