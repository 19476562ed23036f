using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Hosting.Secrets;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Tests;

/// <summary>The orchestrator on a real database and a real bus, in a folder of its own.</summary>
internal sealed class Platform : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-orchestrator-");
    private readonly Dictionary<string, string?> _settings;
    private IHost _host;

    private Platform(Dictionary<string, string?> settings)
    {
        _settings = new(settings) { ["Paas:DataDirectory"] = _folder.FullName };
        _host = BuildHost();
    }

    public Workers Workers { get; private set; } = new();
    public IBus Bus => _host.Services.GetRequiredService<IBus>();

    public static async Task<Platform> StartAsync(params (string Name, string Value)[] settings)
    {
        var platform = new Platform(settings.ToDictionary(setting => setting.Name, string? (setting) => setting.Value));
        await PersistenceSetup.MigrateAsync(platform._host.Services, TestContext.Current.CancellationToken);
        await platform._host.StartAsync(TestContext.Current.CancellationToken);
        return platform;
    }

    /// <summary>A new process on the same data: the messages of the old one are gone.</summary>
    public async Task RestartAsync(Action<Workers>? change = null)
    {
        await _host.StopAsync(TestContext.Current.CancellationToken);
        _host.Dispose();
        Workers = new Workers();
        change?.Invoke(Workers);
        _host = BuildHost();
        await _host.StartAsync(TestContext.Current.CancellationToken);
    }

    public async Task<App> CreateAppAsync(string name = "hello", string policy = ConcurrencyPolicy.Latest)
    {
        var app = new App
        {
            Id = NewId.NextGuid(),
            Name = name,
            Repository = "https://git.example/hello.git",
            RepositoryKey = "git.example/hello",
            SealedWebhookSecret = "sealed",
            Target = Target.Local,
            CreatedAt = DateTime.UtcNow,
            Environments = [new AppEnvironment { Id = NewId.NextGuid(), Name = AppEnvironment.Production, Branch = "main", Policy = policy }],
        };
        await InDbAsync(async db =>
        {
            db.Apps.Add(app);
            return await db.SaveChangesAsync();
        });
        return app;
    }

    public async Task<Guid> RequestAsync(App app, string trigger = DeploymentTriggers.Push, Action<DeploymentState>? change = null)
    {
        var id = await InDbAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            var deployment = await db.AddDeploymentAsync(app, app.Environments[0].Id, trigger, "test", DateTime.UtcNow, default);
            deployment.Commit = Guid.NewGuid().ToString("N") + "00000000";
            change?.Invoke(deployment);
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
            return deployment.CorrelationId;
        });
        await Bus.Publish(new DeploymentRequested { DeploymentId = id });
        return id;
    }

    public Task SetConfigVarAsync(App app, string name, string value, bool? runOnly = null) => InDbAsync(async db =>
    {
        var sealedValue = _host.Services.GetRequiredService<SecretSealer>().Seal(value);
        await db.ConfigVars.Where(x => x.AppId == app.Id && x.Name == name).ExecuteDeleteAsync();
        db.ConfigVars.Add(new ConfigVar { AppId = app.Id, Name = name, SealedValue = sealedValue, RunOnly = runOnly, UpdatedAt = DateTime.UtcNow });
        return await db.SaveChangesAsync();
    });

    public IReadOnlyDictionary<string, string> Open(string? sealedVariables) => _host.Services.GetRequiredService<SecretSealer>().OpenAll(sealedVariables);

    public Task ScaleAsync(App app, Dictionary<string, int>? formation) => InDbAsync(async db =>
    {
        (await db.Environments.SingleAsync(x => x.AppId == app.Id)).Formation = formation;
        return await db.SaveChangesAsync();
    });

    public Task<DeploymentState> WaitForAsync(Guid deployment, string state) => WaitForAsync(deployment, x => x.CurrentState == state, state);

    public async Task<DeploymentState> WaitForAsync(Guid deployment, Func<DeploymentState, bool> condition, string what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            var found = await GetAsync(deployment);
            if (condition(found))
                return found;
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"The deployment never was {what}; it is {found.CurrentState} in {found.Step} ({found.FailureMessage}).");
            await Task.Delay(20);
        }
    }

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!condition())
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException("It never came to pass that " + what);
            await Task.Delay(10);
        }
    }

    public Task<DeploymentState> GetAsync(Guid deployment) =>
        InDbAsync(db => db.Deployments.AsNoTracking().SingleAsync(x => x.CorrelationId == deployment));

    public Task<List<Release>> ReleasesAsync(App app) =>
        InDbAsync(db => db.Releases.AsNoTracking().Where(x => x.AppId == app.Id).OrderBy(x => x.Version).ToListAsync());

    public async Task<string> LogAsync(Guid deployment) => string.Join('\n', await InDbAsync(db =>
        db.LogBatches.Where(x => x.DeploymentId == deployment).OrderBy(x => x.Id).Select(x => x.Text).ToListAsync()));

    public async Task<T> InDbAsync<T>(Func<PaasDbContext, Task<T>> work)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<PaasDbContext>());
    }

    /// <summary>Publishes a message and waits until the saga has seen everything sent so far.</summary>
    public async Task PublishAndSettleAsync<T>(T message)
        where T : class
    {
        var before = await CountConsumedAsync();
        await Bus.Publish(message);
        var deadline = DateTime.UtcNow + Patience;
        while (await CountConsumedAsync() == before)
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException("The message was not consumed.");
            await Task.Delay(10);
        }
    }

    private Task<int> CountConsumedAsync() => InDbAsync(db => db.InboxMessages.CountAsync());

    private IHost BuildHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(_settings);
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddPaasPersistence(builder.Configuration);
        builder.Services.AddOrchestrator(builder.Configuration);
        builder.Services.AddSingleton(Workers);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddOrchestrator();
            Tests.Workers.AddTo(bus);
        });
        return builder.Build();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }
}
