using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;

namespace Paas.Gateway.Tests.Several;

/// <summary>Gateways whose broker or database is away for some time, or hangs.</summary>
[Collection(nameof(SharedServers))]
public sealed class OutageTests(SharedServers servers) : IAsyncLifetime
{
    private static readonly TimeSpan Outage = TimeSpan.FromMinutes(1);

    /// <summary>What GitHub waits for an answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private Platform _platform = null!;
    private SharedGateway[] _gateways = [];

    public async ValueTask InitializeAsync()
    {
        // As the gateway's own program has it, for two of them.
        ThreadPool.SetMinThreads(80, 80);
        _platform = await servers.NewPlatformAsync();
        _gateways = await _platform.StartTwoGatewaysAsync();
        await _gateways[0].CreateAppAsync();
    }

    public ValueTask DisposeAsync() => _platform?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task Without_a_broker_for_a_minute_every_delivery_is_accepted_and_its_message_sent_afterwards()
    {
        var accepted = new List<Guid>();
        servers.Broker.Kill();
        try
        {
            var over = DateTime.UtcNow + Outage;
            var third = await _platform.StartGatewayAsync();
            for (var i = 0; DateTime.UtcNow < over; i++)
            {
                foreach (var gateway in _gateways.Append(third))
                    accepted.Add(await DeliverAsync(gateway));
                if (i == 0)
                {
                    foreach (var gateway in _gateways.Append(third))
                    {
                        await Platform.UntilAsync(async () => (await ReadyAsync(gateway)).Body.Contains("\"masstransit-bus\":\"Degraded\"", StringComparison.Ordinal), "the broker to be missed");
                        (await ReadyAsync(gateway)).Status.ShouldBe(200);
                    }

                    // An app can be removed as well.
                    await third.CreateAppAsync("other");
                    (await third.Client.DeleteAsync(new Uri("/v1/apps/other", UriKind.Relative))).StatusCode.ShouldBe(HttpStatusCode.NoContent);
                }

                await Task.Delay(250);
            }
        }
        finally
        {
            await servers.Broker.StartAsync();
        }

        await AllSentAsync(accepted);
        foreach (var gateway in _gateways)
            await Platform.UntilAsync(() => gateway.Others.Count == 2, "the gateways to know each other again");
        await Platform.UntilAsync(async () => (await ReadyAsync(_gateways[0])).Body.Contains("\"status\":\"Healthy\"", StringComparison.Ordinal), "the broker to be found");
    }

    [Fact]
    public async Task A_broker_that_hangs_delays_messages_and_loses_none()
    {
        var accepted = new List<Guid>();
        await servers.Broker.PauseAsync();
        try
        {
            var over = DateTime.UtcNow + TimeSpan.FromSeconds(25);
            while (DateTime.UtcNow < over)
            {
                foreach (var gateway in _gateways)
                    accepted.Add(await DeliverAsync(gateway));
                await Task.Delay(250);
            }
        }
        finally
        {
            await servers.Broker.ContinueAsync();
        }

        await AllSentAsync(accepted);
    }

    [Fact]
    public async Task Without_a_database_for_a_minute_deliveries_get_503_and_are_accepted_again_afterwards()
    {
        // Some connections that will be broken.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => DeliverAsync(_gateways[i % 2])));
        await _platform.SwitchAsync(await AppIdAsync(), 1, TimeSpan.FromSeconds(10), await _platform.StartInstanceAsync("serves"));
        servers.Postgres.Kill();
        try
        {
            var over = DateTime.UtcNow + Outage;
            while (DateTime.UtcNow < over)
            {
                foreach (var gateway in _gateways)
                {
                    await UnavailableAsync(() => gateway.DeliverAsync($"{Guid.NewGuid()}"));
                    await UnavailableAsync(() => gateway.Client.GetAsync(new Uri("/v1/apps", UriKind.Relative)));
                    (await ReadyAsync(gateway)).Status.ShouldBe(503);
                    (await gateway.VisitAsync()).ShouldBe((200, "serves"));
                }

                await Task.Delay(500);
            }
        }
        finally
        {
            await servers.Postgres.StartAsync();
        }

        // The very first ones: GitHub does not try again by itself.
        var accepted = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => DeliverAsync(_gateways[i % 2])));
        await Platform.UntilAsync(() => accepted.All(id => _platform.Pushes.Any(push => push.DeliveryId == id)), "the messages");
        foreach (var gateway in _gateways)
            (await ReadyAsync(gateway)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_database_that_was_away_only_between_two_deliveries_is_not_noticed()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => DeliverAsync(_gateways[0])));
        servers.Postgres.Kill();
        await servers.Postgres.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => DeliverAsync(_gateways[0])));
    }

    [Fact]
    public async Task A_database_that_hangs_is_told_as_503_before_GitHub_gives_up()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => DeliverAsync(_gateways[i % 2])));
        await servers.Postgres.PauseAsync();
        try
        {
            for (var round = 0; round < 2; round++)
            {
                await Task.WhenAll(Enumerable.Range(0, 80).Select(i => i % 4 == 0
                    ? UnavailableAsync(() => _gateways[i % 2].Client.GetAsync(new Uri("/v1/deployments", UriKind.Relative)))
                    : UnavailableAsync(() => _gateways[i % 2].DeliverAsync($"{Guid.NewGuid()}"))));
            }
        }
        finally
        {
            await servers.Postgres.ContinueAsync();
        }

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => DeliverAsync(_gateways[i % 2])));
    }

    private static async Task<Guid> DeliverAsync(SharedGateway gateway)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var answer = await gateway.DeliverAsync($"{Guid.NewGuid()}", patience.Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(patience.Token));
        return (await answer.Content.ReadFromJsonAsync<DeliveryAccepted>(patience.Token))!.Id;
    }

    private static async Task UnavailableAsync(Func<Task<HttpResponseMessage>> ask)
    {
        using var answer = await ask().WaitAsync(Patience);
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, await answer.Content.ReadAsStringAsync());
        answer.Headers.RetryAfter.ShouldNotBeNull();
    }

    private static async Task<(int Status, string Body)> ReadyAsync(SharedGateway gateway)
    {
        using var answer = await gateway.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private Task<Guid> AppIdAsync() => _platform.WithDbAsync(db => db.Apps.Select(app => app.Id).SingleAsync());

    /// <summary>Each accepted delivery has led to a message: if it came more than once, with the same id.</summary>
    private async Task AllSentAsync(List<Guid> accepted)
    {
        await Platform.UntilAsync(() => _platform.WithDbAsync(async db => !await db.OutboxMessages.AnyAsync()), "the outbox to be empty");
        await Platform.UntilAsync(() => accepted.All(id => _platform.Pushes.Any(push => push.DeliveryId == id)), "the messages");
        (await _platform.WithDbAsync(db => db.Deliveries.CountAsync())).ShouldBe(accepted.Count);
        _platform.Pushes.GroupBy(push => push.DeliveryId).ShouldAllBe(same => same.Select(push => push.MessageId).Distinct().Count() == 1);
    }
}
