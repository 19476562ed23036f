using System.Net;
using Paas.Contracts.Api;

namespace Paas.Services.Tests;

/// <summary>The broker is away for a while, and comes back.</summary>
public sealed class OutageTests
{
    private static readonly TimeSpan Outage = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Without_a_broker_for_a_minute_every_push_is_accepted_and_deployed_afterwards()
    {
        Assert.SkipUnless(Cluster.IsPossible, "RabbitMQ or PostgreSQL is not installed here.");
        await using var cluster = await Cluster.StartAsync(new() { ["gateway"] = 2 });
        using var repository = Repository.Static("before");
        var apps = new List<AppResponse>();
        for (var i = 0; i < 5; i++)
            apps.Add(await cluster.CreateAppAsync($"app-{i}", repository, ConcurrencyPolicy.Queue));

        cluster.Broker.Kill();
        var pushed = new List<(string App, string Commit)>();
        var over = DateTime.UtcNow + Outage;
        while (DateTime.UtcNow < over)
        {
            foreach (var app in apps)
            {
                var commit = repository.Commit(("index.html", $"{pushed.Count}"));
                using var response = await cluster.PushAsync(repository, app.WebhookSecret, commit);
                response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
                pushed.Add((app.Name, commit));
            }

            await Task.Delay(TimeSpan.FromSeconds(15));
        }

        await cluster.Broker.StartAsync();

        var deadline = DateTime.UtcNow.AddMinutes(4);
        while (await cluster.QueryAsync<long>("SELECT count(*) FROM deployments WHERE current_state = 'Succeeded'") != pushed.Count)
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, await WhatIsLeftAsync(cluster));
            await Task.Delay(200);
        }

        foreach (var (app, commit) in pushed)
            (await cluster.QueryAsync<long>($"SELECT count(*) FROM deployments WHERE app_name = '{app}' AND commit = '{commit}'")).ShouldBe(1);
        // In the order in which they were pushed, though two gateways send what has waited in none.
        foreach (var app in apps)
        {
            (await cluster.RowsAsync($"SELECT commit FROM deployments WHERE app_name = '{app.Name}' ORDER BY release"))
                .ShouldBe(pushed.Where(push => push.App == app.Name).Select(push => push.Commit));
        }

        (await cluster.QueryAsync<long>("SELECT count(*) FROM deployments")).ShouldBe(pushed.Count);
    }

    /// <summary>Where the deployments and the messages are that have not come through.</summary>
    private static async Task<string> WhatIsLeftAsync(Cluster cluster)
    {
        var left = await cluster.RowsAsync("SELECT correlation_id, app_name, current_state, step, attempt, deadline FROM deployments WHERE current_state <> 'Succeeded'");
        left.AddRange(await cluster.RowsAsync("SELECT 'outbox', sequence_number, message_id, destination_address, created_at FROM outbox_messages"));
        foreach (var queue in new[] { "deployment", "download-code", "validate-configuration", "build-image", "publish-image", "deploy-release", "resolve-url" })
            left.Add($"{queue}: {await cluster.Broker.CountAsync(queue)}");
        return string.Join('\n', left) + "\n" + cluster.Output;
    }
}
