using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;

namespace Paas.Gateway.Tests.Several;

/// <summary>The same thing asked of two gateways at the same instant.</summary>
[Collection(nameof(SharedServers))]
public sealed class RaceTests(SharedServers servers) : IAsyncLifetime
{
    private Platform _platform = null!;
    private SharedGateway[] _gateways = [];

    public async ValueTask InitializeAsync()
    {
        _platform = await servers.NewPlatformAsync();
        _gateways = await _platform.StartTwoGatewaysAsync();
    }

    public ValueTask DisposeAsync() => _platform?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task A_delivery_that_comes_to_both_is_stored_once_and_accepted_twice()
    {
        await _gateways[0].CreateAppAsync();
        const int deliveries = 40;
        var answers = await Task.WhenAll(Enumerable.Range(0, deliveries).SelectMany(i => _gateways.Select(async gateway =>
        {
            using var answer = await gateway.DeliverAsync($"delivery-{i}");
            answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
            return (Delivery: i, (await answer.Content.ReadFromJsonAsync<DeliveryAccepted>())!.Id);
        })));

        answers.GroupBy(answer => answer.Delivery).ShouldAllBe(same => same.Select(answer => answer.Id).Distinct().Count() == 1);
        (await _platform.WithDbAsync(db => db.Deliveries.CountAsync())).ShouldBe(deliveries);
        await Platform.UntilAsync(() => _platform.Pushes.Count >= deliveries, "the messages");
        await Platform.UntilAsync(() => _platform.WithDbAsync(async db => !await db.OutboxMessages.AnyAsync()), "the outbox to be empty");
        _platform.Pushes.Select(push => push.DeliveryId).ShouldBe(answers.Select(answer => answer.Id).Distinct(), ignoreOrder: true);
    }

    [Fact]
    public async Task One_of_two_apps_of_one_name_is_made_and_the_other_refused()
    {
        for (var i = 0; i < 10; i++)
        {
            var name = $"shop-{i}x";
            var answers = await Task.WhenAll(_gateways.Select(gateway => gateway.Client.PostAsJsonAsync("/v1/apps", new { name, repository = "https://github.com/acme/shop" })));
            answers.Select(answer => answer.StatusCode).ShouldBe([HttpStatusCode.Created, HttpStatusCode.Conflict], ignoreOrder: true);
            var refused = answers.Single(answer => answer.StatusCode == HttpStatusCode.Conflict);
            (await refused.Content.ReadAsStringAsync()).ShouldContain(name);
        }
    }

    [Fact]
    public async Task Config_vars_that_are_set_through_both_are_all_kept_and_read_through_either()
    {
        await _gateways[0].CreateAppAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            using var answer = await _gateways[i % 2].Client.PatchAsJsonAsync(
                "/v1/apps/shop/config-vars", new Dictionary<string, string> { [$"NAME_{i}"] = $"a value of some length {i:0000}" });
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        }));
        foreach (var gateway in _gateways)
        {
            var stored = (await gateway.Client.GetFromJsonAsync<ConfigVarsResponse>("/v1/apps/shop/config-vars"))!;
            stored.Items.Select(item => item.Preview).ShouldBe(Enumerable.Range(0, 20).Select(i => $"••••{i:0000}"), ignoreOrder: true);
        }
    }

    [Fact]
    public async Task Refused_deliveries_of_both_are_recorded()
    {
        await _gateways[0].CreateAppAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            using var request = SharedGateway.Delivery($"refused-{i}");
            request.Headers.Remove("X-Hub-Signature-256");
            request.Headers.Add("X-Hub-Signature-256", GatewayHost.Sign([], "another secret of some length"));
            using var answer = await _gateways[i % 2].Client.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }));
        await Platform.UntilAsync(() => _platform.WithDbAsync(async db =>
            await db.Deliveries.CountAsync(delivery => delivery.Decision == DeliveryDecisions.Rejected) == 20), "the refused deliveries");
    }
}
