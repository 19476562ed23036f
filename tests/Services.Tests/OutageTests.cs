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

        foreach (var (app, commit) in pushed)
        {
            var deadline = DateTime.UtcNow.AddMinutes(4);
            while (await cluster.QueryAsync<long>($"SELECT count(*) FROM deployments WHERE app_name = '{app}' AND commit = '{commit}' AND current_state = 'Succeeded'") != 1)
            {
                DateTime.UtcNow.ShouldBeLessThan(deadline, $"{app} deployed {commit}\n{cluster.Output}");
                await Task.Delay(200);
            }
        }

        (await cluster.QueryAsync<long>("SELECT count(*) FROM deployments")).ShouldBe(pushed.Count);
    }
}
