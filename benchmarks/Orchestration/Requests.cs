using MassTransit;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Bench.Orchestration;

/// <summary>Asks for deployments as the gateway does, by a row and a message, and sees when they have succeeded.</summary>
internal sealed class Requests : IAsyncDisposable
{
    private const int Patience = 600;
    private readonly IHost _host;
    private readonly NpgsqlDataSource _database;
    private readonly List<App> _apps = [];

    private Requests(IHost host, NpgsqlDataSource database) => (_host, _database) = (host, database);

    public static async Task<Requests> StartAsync(Backends backends, int apps)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(backends.Settings.Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value)));
        builder.Logging.AddPaasConsole();
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddPaasPersistence(builder.Configuration);
        builder.Services.AddPaasBus(builder.Configuration, _ => { });
        var requests = new Requests(builder.Build(), NpgsqlDataSource.Create(backends.ConnectionString));
        await requests._host.StartAsync();
        await requests.AddAppsAsync(apps);
        return requests;
    }

    /// <summary>Stores a deployment for each of as many apps.</summary>
    public async Task<List<Guid>> StoreAsync(int count)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var ids = new List<Guid>();
        foreach (var app in _apps.Take(count))
        {
            var deployment = await db.AddDeploymentAsync(app, app.Environments[0].Id, DeploymentTriggers.Push, "ada", DateTime.UtcNow, CancellationToken.None);
            deployment.Commit = Guid.NewGuid().ToString("N") + "00000000";
            deployment.Ref = "refs/heads/main";
            ids.Add(deployment.CorrelationId);
        }

        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        return ids;
    }

    public Task SendAsync(IEnumerable<Guid> deployments) => Task.WhenAll(deployments.Select(id =>
        _host.Services.GetRequiredService<IBus>().Publish(new DeploymentRequested { DeploymentId = id })));

    /// <summary>Waits until no deployment is under way any more; all have to have succeeded.</summary>
    public async Task AllSucceedAsync(TimeSpan between)
    {
        await WaitAsync(
            $"SELECT NOT EXISTS (SELECT 1 FROM deployments WHERE current_state NOT IN ('{DeploymentStates.Succeeded}', '{DeploymentStates.Failed}', '{DeploymentStates.Faulted}', '{DeploymentStates.Canceled}', '{DeploymentStates.Superseded}'))",
            between);
        await using var command = _database.CreateCommand($"SELECT count(*) FROM deployments WHERE current_state <> '{DeploymentStates.Succeeded}'");
        if (await command.ExecuteScalarAsync() is long and > 0 and var others)
            throw new BenchmarkException($"{others} deployments did not succeed; the numbers would mean nothing.");
    }

    public Task SucceedsAsync(Guid id, TimeSpan between) =>
        WaitAsync($"SELECT current_state = '{DeploymentStates.Succeeded}' FROM deployments WHERE correlation_id = '{id}'", between);

    /// <summary>Waits until every step of every deployment has its line.</summary>
    public Task LogsAreStoredAsync() => WaitAsync(
        $"SELECT (SELECT count(*) FROM log_batches WHERE text LIKE '%{NoOpWorkers.LogLine}') = {Step.InOrder.Count} * (SELECT count(*) FROM deployments)",
        TimeSpan.FromMilliseconds(200));

    /// <summary>How many transactions the database has committed.</summary>
    public async Task<long> CountTransactionsAsync()
    {
        await using var command = _database.CreateCommand("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task WaitAsync(string question, TimeSpan between)
    {
        await using var connection = await _database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(question, connection);
        await command.PrepareAsync();
        var begun = DateTime.UtcNow;
        while (await command.ExecuteScalarAsync() is not true)
        {
            if (DateTime.UtcNow - begun > TimeSpan.FromSeconds(Patience))
                throw new BenchmarkException($"The deployments were not done within {Patience} s.");
            await Task.Delay(between);
        }
    }

    private async Task AddAppsAsync(int count)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        for (var i = 0; i < count; i++)
        {
            _apps.Add(new App
            {
                Id = NewId.NextGuid(),
                Name = $"app-{i}",
                Repository = $"https://git.example/acme/app-{i}.git",
                RepositoryKey = $"git.example/acme/app-{i}",
                SealedWebhookSecret = "sealed",
                Target = Target.Local,
                CreatedAt = DateTime.UtcNow,
                Environments = [new AppEnvironment { Id = NewId.NextGuid(), Name = AppEnvironment.Production, Branch = "main", Policy = ConcurrencyPolicy.Latest }],
            });
        }

        db.Apps.AddRange(_apps);
        await db.SaveChangesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _database.DisposeAsync();
    }
}
