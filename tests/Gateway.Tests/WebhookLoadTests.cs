using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Webhooks;
using Paas.Persistence;

namespace Paas.Gateway.Tests;

public sealed class WebhookLoadTests
{
    private const int Limit = 25 * 1024 * 1024;

    [Fact]
    public async Task A_delivery_as_large_as_github_sends_is_taken()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.CreateAppAsync("shop");
        byte[] head = [.. Encoding.UTF8.GetBytes(GatewayHost.Payload()[..^1] + ",\"x\":\""), .. "\\u00fc€"u8];
        byte[] body = [.. head, .. Enumerable.Repeat((byte)'x', Limit - head.Length - 2), .. "\"}"u8];
        body.Length.ShouldBe(Limit);
        (await host.DeliverAsync(body)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await host.DeliverAsync(body, "/webhooks/github/shop")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_large_is_cut_off(bool chunked)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.CreateAppAsync("shop");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Url.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Head(chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {Limit + 1}"));
        var answer = ReadStatusAsync(stream);
        if (chunked)
        {
            var chunk = new byte[64 * 1024];
            var sent = 0;
            try
            {
                for (; sent <= Limit && !answer.IsCompleted; sent += chunk.Length)
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"{chunk.Length:x}\r\n"));
                    await stream.WriteAsync(chunk);
                    await stream.WriteAsync("\r\n"u8.ToArray());
                }
            }
            catch (IOException)
            {
                sent.ShouldBeGreaterThan(Limit - (1024 * 1024));
            }
        }

        (await answer).ShouldBe("HTTP/1.1 413");
    }

    [Fact]
    public async Task A_body_that_does_not_come_is_not_waited_for()
    {
        await using var host = await GatewayHost.StartAsync(new() { ["Gateway:DeliveryTimeout"] = "00:00:01" });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Url.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Head("Content-Length: 1000"));
        await stream.WriteAsync("{\"ref\""u8.ToArray());
        (await ReadStatusAsync(stream)).ShouldBe("HTTP/1.1 408");
    }

    [Fact]
    public async Task Large_deliveries_wait_for_each_other_and_all_are_taken()
    {
        await using var host = await GatewayHost.StartAsync(new() { ["Gateway:LargeDeliveries"] = "1" });
        await host.CreateAppAsync("shop");
        var payload = GatewayHost.Payload(message: new string('x', 2_000_000));
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => host.DeliverAsync(payload)));
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Strangers_are_limited_and_real_deliveries_are_not()
    {
        await using var host = await GatewayHost.StartAsync(new() { ["Gateway:FailedDeliveriesPerMinute"] = "5" });
        await host.CreateAppAsync("shop");
        for (var i = 0; i < 5; i++)
            (await host.DeliverAsync(GatewayHost.Payload(), secret: "wrong")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var limited = await host.DeliverAsync(GatewayHost.Payload(), secret: "wrong");
        limited.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        limited.Headers.RetryAfter.ShouldNotBeNull();
        (await host.DeliverAsync(GatewayHost.Payload(message: new string('x', 400_000)), secret: "wrong")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        (await host.DeliverAsync(GatewayHost.Payload())).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        // Neither are those that are received in the lane for large ones.
        var large = GatewayHost.Payload(message: new string('x', 400_000));
        (await host.DeliverAsync(large)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await host.DeliverAsync(large, change: request => request.Headers.TransferEncodingChunked = true)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_address_named_again_and_again_is_refused_without_a_query(bool form)
    {
        var queries = new Queries();
        await using var host = await GatewayHost.StartAsync(services: services => services.ConfigureDbContext<PaasDbContext>(db => db.AddInterceptors(queries)));
        await host.CreateAppAsync("shop");
        var urls = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"url\":\"http://a/{i}\""));
        var json = $$$"""{"repository":{{{{urls}}},"clone_url":"https://github.com/acme/shop"},"ref":"refs/heads/main"}""";
        var body = form ? "payload=" + WebUtility.UrlEncode(json) : json;
        var before = queries.OfApps;
        var answer = await host.DeliverAsync(body, secret: "wrong", type: form ? "application/x-www-form-urlencoded" : "application/json");
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("again and again");
        queries.OfApps.ShouldBe(before);
    }

    [Fact]
    public async Task Each_delivery_is_looked_up_with_a_handful_of_addresses_at_most()
    {
        var queries = new Queries();
        await using var host = await GatewayHost.StartAsync(services: services => services.ConfigureDbContext<PaasDbContext>(db => db.AddInterceptors(queries)));
        await host.CreateAppAsync("shop");
        var names = new[] { "url", "html_url", "clone_url", "ssh_url", "git_url", "svn_url", "mirror_url", "homepage" };
        var json = $$$"""{"repository":{{{{string.Join(',', names.Select(name => $"\"{name}\":\"http://{name}/a\""))}}}}}""";
        (await host.DeliverAsync(json, secret: "wrong")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        queries.MaxKeys.ShouldBeInRange(1, 5);
    }

    [Fact]
    public async Task An_unverified_delivery_that_fails_counts_with_the_refused_ones()
    {
        await using var host = await GatewayHost.StartAsync(new() { ["Gateway:FailedDeliveriesPerMinute"] = "2" });
        await host.CreateAppAsync("shop");
        await host.WithDbAsync(async db => await db.Database.ExecuteSqlRawAsync("ALTER TABLE apps RENAME TO away"));
        for (var i = 0; i < 2; i++)
            (await host.DeliverAsync(GatewayHost.Payload(), secret: "wrong")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await host.WithDbAsync(async db => await db.Database.ExecuteSqlRawAsync("ALTER TABLE away RENAME TO apps"));
        (await host.DeliverAsync(GatewayHost.Payload(), secret: "wrong")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        (await host.DeliverAsync(GatewayHost.Payload())).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Only_the_newest_refused_deliveries_are_kept()
    {
        await using var host = await GatewayHost.StartAsync();
        var old = DateTime.UtcNow.AddDays(-1);
        await host.WithDbAsync(db =>
        {
            for (var i = 0; i < RejectedDeliveries.Kept + 100; i++)
            {
                db.Deliveries.Add(new()
                {
                    Id = Guid.NewGuid(),
                    Event = "push",
                    Decision = DeliveryDecisions.Rejected,
                    Reason = "old",
                    ReceivedAt = old.AddSeconds(i),
                });
            }

            return Task.CompletedTask;
        });
        (await host.DeliverAsync(GatewayHost.Payload())).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await GatewayHost.UntilAsync(() => host.WithDbAsync(db => db.Deliveries.AnyAsync(x => x.Reason != "old")), "the refused delivery");
        (await host.WithDbAsync(db => db.Deliveries.CountAsync())).ShouldBe(RejectedDeliveries.Kept);
        (await host.WithDbAsync(db => db.Deliveries.MinAsync(x => x.ReceivedAt))).ShouldBe(old.AddSeconds(101));
    }

    [Fact]
    public async Task Without_a_database_that_can_be_written_nothing_is_accepted()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.CreateAppAsync("shop");
        // Fails with the last statement of the transaction, where a disk may be full too.
        await host.WithDbAsync(async db => await db.Database.ExecuteSqlRawAsync(
            "CREATE TRIGGER full BEFORE INSERT ON outbox_messages BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"));
        var answer = await host.DeliverAsync(GatewayHost.Payload(), id: "once");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.ShouldNotBeNull();
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await host.WithDbAsync(db => db.Deliveries.CountAsync())).ShouldBe(0);

        await host.WithDbAsync(async db => await db.Database.ExecuteSqlRawAsync("DROP TRIGGER full"));
        (await host.DeliverAsync(GatewayHost.Payload(), id: "once")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await host.WithDbAsync(db => db.Deliveries.CountAsync())).ShouldBe(1);
        await host.Received.OneAsync<PushReceived>();
    }

    [Fact]
    public async Task A_read_only_database_is_told_as_unavailable()
    {
        var readOnly = new ReadOnly();
        await using var host = await GatewayHost.StartAsync(services: services => services.ConfigureDbContext<PaasDbContext>(db => db.AddInterceptors(readOnly)));
        await host.CreateAppAsync("shop");
        readOnly.On = true;
        var answer = await host.DeliverAsync(GatewayHost.Payload(), id: "once");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.ShouldNotBeNull();
        (await host.Client.PostAsync("/v1/apps/shop/deployments", null)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await host.Client.GetAsync("/v1/apps/shop")).StatusCode.ShouldBe(HttpStatusCode.OK);

        readOnly.On = false;
        (await host.WithDbAsync(db => db.Deliveries.CountAsync())).ShouldBe(0);
        (await host.WithDbAsync(db => db.OutboxMessages.CountAsync())).ShouldBe(0);
        (await host.DeliverAsync(GatewayHost.Payload(), id: "once")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task A_database_that_is_gone_is_told_as_unavailable()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.CreateAppAsync("shop");
        await host.WithDbAsync(async db => await db.Database.ExecuteSqlRawAsync("DROP TABLE deliveries"));
        (await host.DeliverAsync(GatewayHost.Payload())).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        host.Received.Of<PushReceived>().ShouldBeEmpty();
    }

    private static byte[] Head(string length) => Encoding.ASCII.GetBytes(
        $"POST /webhooks/github/shop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: 1\r\n"
        + $"X-Hub-Signature-256: sha256={new string('a', 64)}\r\n{length}\r\n\r\n");

    private static async Task<string> ReadStatusAsync(NetworkStream stream)
    {
        var buffer = new byte[12];
        await stream.ReadExactlyAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        return Encoding.ASCII.GetString(buffer);
    }

    /// <summary>What is asked of the table of apps.</summary>
    private sealed class Queries : DbCommandInterceptor
    {
        private int _ofApps;

        public int OfApps => _ofApps;
        public int MaxKeys { get; private set; }

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            if (command.CommandText.Contains("\"repository_key\" IN", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _ofApps);
                var keys = command.Parameters.Count == 1 && command.Parameters[0].Value is string { } json && json.StartsWith('[')
                    ? System.Text.Json.JsonDocument.Parse(json).RootElement.GetArrayLength()
                    : command.Parameters.Count;
                MaxKeys = Math.Max(MaxKeys, keys);
            }

            return ValueTask.FromResult(result);
        }
    }

    private sealed class ReadOnly : DbConnectionInterceptor
    {
        public bool On { get; set; }

        public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"PRAGMA query_only = {(On ? 1 : 0)}";
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
