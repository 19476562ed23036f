using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Spectre.Console;

namespace Paas.Bench.Webhook;

/// <summary>
/// Rightly signed pings while strangers send the bodies that cost the gateway most, and hold connections open; in turns
/// with the same pings while nothing else comes.
/// </summary>
internal static class HostileBenchmark
{
    private const int Strangers = 20;
    private const int IdleConnections = 2_000;
    private const int PingsPerSecond = 5;

    public static async Task<int> RunAsync(int rounds, int seconds)
    {
        await using var backends = await Backends.StartAsync();
        AnsiConsole.WriteLine(await backends.DescribeAsync());
        await using var gateway = await ServiceProcess.StartAsync("Gateway", backends.Settings);
        var (app, repository, secret) = (await WebhookBenchmark.CreateAppsAsync(gateway.Url, 1))[0];
        var url = new Uri($"{gateway.Url}/webhooks/github");
        var ping = Delivery.Signed($$$"""{"zen":"Keep it simple.","repository":{"full_name":"acme/{{{app}}}","clone_url":"{{{repository}}}"}}""", secret, "ping");
        await PingAsync(url, ping, seconds); // once before it counts
        var bodies = Bodies(repository).ToList();
        var measured = new List<Round>();
        for (var i = 0; i < rounds; i++)
        {
            var quiet = await PingAsync(url, ping, seconds);
            var before = ProcessUsage.Memory(gateway.Id).Resident;
            using var stop = new CancellationTokenSource();
            var idle = await OpenAsync(url);
            var attacks = Enumerable.Range(0, Strangers).Select(stranger => AttackAsync(url, bodies[stranger % bodies.Count], stop.Token)).ToList();
            var hostile = await PingAsync(url, ping, seconds);
            var held = idle.Count(connection => connection.Connected);
            var after = ProcessUsage.Memory(gateway.Id).Resident;
            await stop.CancelAsync();
            var sent = (await Task.WhenAll(attacks)).Sum();
            idle.ForEach(connection => connection.Dispose());
            measured.Add(new Round(quiet, hostile, held, (double)sent / seconds, before, after));
        }

        Show(measured, seconds);
        return 0;
    }

    /// <summary>Bodies that no secret has signed, each costly in another way.</summary>
    private static IEnumerable<Delivery> Bodies(string repository)
    {
        // Members that come again and again.
        var urls = string.Concat(Enumerable.Range(0, 50_000).Select(i => $",\"url\":\"http://a/{i}\""));
        yield return Delivery.Unsigned($"{{\"repository\":{{\"clone_url\":\"{repository}\"{urls}}}}}");
        // A known repository, and megabytes to hash.
        yield return Delivery.Unsigned($"{{\"x\":\"{new string('x', 20_000_000)}\",\"repository\":{{\"clone_url\":\"{repository}\"}}}}");
        // The same as a form, of which each byte is an escape.
        yield return Delivery.Unsigned("payload=" + string.Concat(Enumerable.Repeat("%7B%22a%22%3A%5B1%5D%7D", 40_000)), "application/x-www-form-urlencoded");
        // Names and numbers without end.
        yield return Delivery.Unsigned($"{{{string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"{i}\":{new string('9', 200)}"))}}}");
    }

    private static async Task<List<TcpClient>> OpenAsync(Uri url)
    {
        var connections = new List<TcpClient>();
        var head = Encoding.ASCII.GetBytes($"POST /webhooks/github HTTP/1.1\r\nHost: localhost\r\nX: {new string('x', 30_000)}");
        for (var i = 0; i < IdleConnections; i++)
        {
            var connection = new TcpClient();
            await connection.ConnectAsync(IPAddress.Loopback, url.Port);
            if (i % 4 == 0)
                await connection.GetStream().WriteAsync(head);
            connections.Add(connection);
        }

        return connections;
    }

    private static async Task<int> AttackAsync(Uri url, Delivery body, CancellationToken stop)
    {
        using var http = new HttpClient();
        for (var sent = 0; ; sent++)
        {
            try
            {
                using var answer = await http.SendAsync(body.ToRequest(url), stop);
                if (answer.IsSuccessStatusCode)
                    throw new BenchmarkException("A delivery that is not signed was accepted.");
            }
            catch (HttpRequestException)
            {
                // Turned away in the middle of a body.
            }
            catch (OperationCanceledException)
            {
                return sent;
            }
        }
    }

    /// <returns>How long each took, in milliseconds.</returns>
    private static async Task<List<double>> PingAsync(Uri url, Delivery ping, int seconds)
    {
        using var http = new HttpClient();
        var took = new List<double>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / PingsPerSecond));
        var begun = Stopwatch.StartNew();
        while (begun.Elapsed.TotalSeconds < seconds)
        {
            await timer.WaitForNextTickAsync();
            var one = Stopwatch.StartNew();
            using var answer = await http.SendAsync(ping.ToRequest(url));
            took.Add(one.Elapsed.TotalMilliseconds);
            if (answer.StatusCode != HttpStatusCode.Accepted)
                throw new BenchmarkException($"A ping was answered with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }

        return took;
    }

    private static void Show(List<Round> rounds, int seconds)
    {
        AnsiConsole.WriteLine($"Signed pings, {rounds.Count} rounds of {seconds} s each, in turns; medians, and the worst of all");
        var table = new Table().RoundedBorder().AddColumn("").AddColumn("hostile").AddColumn("quiet").AddColumn("ratio");
        foreach (var column in table.Columns.Skip(1))
            column.RightAligned();
        Add("p50, ms", took => took.Median());
        Add("p99, ms", took => took.Order().ElementAt((int)((took.Count - 1) * 0.99)));
        table.AddRow("longest, ms", $"{rounds.Max(round => round.Hostile.Max()):0.0}", $"{rounds.Max(round => round.Quiet.Max()):0.0}", "");
        table.AddRow("refused deliveries per second", $"{rounds.Select(round => round.Refused).Median():0}", "", "");
        table.AddRow("idle connections", $"{rounds.Min(round => round.Held)}", "", "");
        table.AddRow("RSS of the gateway, MB", $"{rounds.Max(round => round.RssAfter) / 1e6:0}", $"{rounds[0].RssBefore / 1e6:0}", "");
        AnsiConsole.Write(table);

        void Add(string name, Func<List<double>, double> value)
        {
            var ratios = rounds.Select(round => value(round.Hostile) / value(round.Quiet)).ToList();
            table.AddRow(
                name, $"{rounds.Select(round => value(round.Hostile)).Median():0.0}", $"{rounds.Select(round => value(round.Quiet)).Median():0.0}", $"{ratios.Median():0.0}");
        }
    }

    private sealed record Round(List<double> Quiet, List<double> Hostile, int Held, double Refused, long RssBefore, long RssAfter);

    private sealed record Delivery(byte[] Body, string Signature, string Event, string Type)
    {
        public static Delivery Signed(string body, string secret, string @event)
        {
            var bytes = Encoding.UTF8.GetBytes(body);
            return new Delivery(bytes, Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), bytes)), @event, "application/json");
        }

        public static Delivery Unsigned(string body, string type = "application/json") => new(Encoding.UTF8.GetBytes(body), new string('a', 64), "push", type);

        public HttpRequestMessage ToRequest(Uri url)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(Body) };
            request.Content.Headers.ContentType = new(Type);
            request.Headers.Add("X-GitHub-Event", Event);
            request.Headers.Add("X-GitHub-Delivery", Guid.NewGuid().ToString());
            request.Headers.Add("X-Hub-Signature-256", $"sha256={Signature}");
            return request;
        }
    }
}
