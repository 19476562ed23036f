using System.Collections.Concurrent;
using System.Net;
using Paas.Contracts.Api;

namespace Paas.Services.Tests;

/// <summary>A webhook that was answered with 202.</summary>
internal sealed record AcceptedPush(string App, string Commit, string DeliveryId);

/// <summary>Many apps, each of a repository of its own and pushed to again as soon as its deployment has ended.</summary>
internal sealed class Pushes(Cluster cluster) : IDisposable
{
    private readonly List<(AppResponse App, Repository Repository)> _apps = [];

    /// <summary>Every push that the platform has taken over.</summary>
    public ConcurrentBag<AcceptedPush> Accepted { get; } = [];

    public async Task CreateAppsAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var repository = Repository.Static("pushed to");
            _apps.Add((await cluster.CreateAppAsync($"app-{i}", repository), repository));
        }
    }

    /// <summary>Keeps a deployment of every app under way, until it is canceled.</summary>
    public async Task KeepUnderWayAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            foreach (var (app, repository) in await IdleAppsAsync())
                await PushAsync(app, repository);
            await Task.Delay(TimeSpan.FromSeconds(1), cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>As a git host does it: the same delivery again, if nobody has answered that it was taken.</summary>
    private async Task PushAsync(AppResponse app, Repository repository)
    {
        var push = new AcceptedPush(app.Name, repository.Commit(("index.html", $"<p>{Guid.NewGuid()}</p>")), Guid.NewGuid().ToString());
        while (true)
        {
            using var response = await cluster.PushAsync(repository, app.WebhookSecret, push.Commit, deliveryId: push.DeliveryId);
            if (response.StatusCode == HttpStatusCode.Accepted)
                break;
            response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, await response.Content.ReadAsStringAsync());
        }

        Accepted.Add(push);
    }

    /// <summary>Those whose last accepted push has led to its end.</summary>
    private async Task<List<(AppResponse App, Repository Repository)>> IdleAppsAsync()
    {
        try
        {
            var busy = await cluster.RowsAsync($"""
                SELECT DISTINCT app_name FROM deployments WHERE current_state NOT IN ('Succeeded', 'Failed', 'Faulted', 'Canceled', 'Superseded')
                UNION SELECT app_name FROM deliveries WHERE decision = 'Pending'
                """);
            return [.. _apps.Where(app => !busy.Contains(app.App.Name))];
        }
        catch (Npgsql.NpgsqlException)
        {
            return []; // it is the database's turn to be away
        }
    }

    public void Dispose() => _apps.ForEach(app => app.Repository.Dispose());
}
