using System.Security.Cryptography;
using System.Text;
using MassTransit;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Artifacts;
using Paas.Orchestrator.Artifacts;
using Paas.Orchestrator.Deployments;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Servers;

namespace Paas.Orchestrator.Tests.Artifacts;

/// <summary>The cleaner on a real database, with a folder of artifacts whose age a test chooses.</summary>
internal sealed class CleanerHost : IAsyncDisposable
{
    public static readonly TimeSpan Old = TimeSpan.FromDays(2);
    private static readonly RunPlan Plan = new() { Runtime = RuntimeName.Static, Processes = [] };
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-cleaner-");
    private readonly CleanerLog _log = new();
    private readonly Action<DbContextOptionsBuilder> _database;
    private readonly ServiceProvider _services;
    private int _sequence;

    private CleanerHost(Action<string, DbContextOptionsBuilder> database, IArtifactStore? store, TimeSpan interval)
    {
        _database = options => database(_folder.FullName, options);
        Folder = new FolderArtifactStore(Path.Combine(_folder.FullName, "artifacts"));
        _services = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(_log))
            .AddDbContext<PaasDbContext>(_database)
            .AddSingleton<DeploymentStateMachine>()
            .AddScoped<NeededArtifacts>()
            .AddSingleton(store ?? Folder)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(Options.Create(new ArtifactCleanerOptions { CleanupInterval = interval }))
            .AddSingleton<ArtifactCleaner>()
            .BuildServiceProvider();
    }

    public FolderArtifactStore Folder { get; }

    public string Incoming => Path.Combine(_folder.FullName, "artifacts", "incoming");

    public ArtifactCleaner Cleaner => _services.GetRequiredService<ArtifactCleaner>();

    public IReadOnlyCollection<string> Logged => _log.Lines;

    public static async Task<CleanerHost> StartAsync(PostgresServer? server, IArtifactStore? store = null, TimeSpan? interval = null)
    {
        var name = $"cleaner_{Guid.NewGuid():N}";
        var host = new CleanerHost(
            (folder, options) => _ = server is null
                ? options.UseSqlite($"Data Source={Path.Combine(folder, "paas.db")}")
                : options.UseNpgsql(server.ConnectionString(name)),
            store, interval ?? TimeSpan.FromHours(1));
        await PersistenceSetup.MigrateAsync(host._services, TestContext.Current.CancellationToken);
        return host;
    }

    public Task<RemovedArtifacts> CleanAsync() => Cleaner.CleanAsync(TestContext.Current.CancellationToken);

    public async Task<string> SaveAsync(string content, TimeSpan? age = null)
    {
        var digest = await Folder.SaveAsync(stream => stream.WriteAsync(Encoding.UTF8.GetBytes(content)).AsTask(), TestContext.Current.CancellationToken);
        var hash = digest["sha256:".Length..];
        File.SetLastWriteTimeUtc(Path.Combine(_folder.FullName, "artifacts", "sha256", hash[..2], hash), DateTime.UtcNow - (age ?? Old));
        return digest;
    }

    public static string DigestOf(string content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));

    /// <summary>Which of these are in the folder.</summary>
    public async Task<List<string>> LeftAsync(params string[] contents)
    {
        var left = new HashSet<string>();
        await foreach (var artifact in Folder.ListAsync(TestContext.Current.CancellationToken))
            left.Add(artifact.Digest);
        return [.. contents.Where(content => left.Contains(DigestOf(content)))];
    }

    public async Task<App> CreateAppAsync()
    {
        var app = new App
        {
            Id = NewId.NextGuid(),
            Name = $"app-{Guid.NewGuid():N}",
            Repository = "https://git.example/hello.git",
            RepositoryKey = "git.example/hello",
            SealedWebhookSecret = "sealed",
            Target = Target.Local,
            Environments = [new AppEnvironment { Id = NewId.NextGuid(), Name = AppEnvironment.Production, Branch = "main", Policy = ConcurrencyPolicy.Latest }],
        };
        await AddAsync(app);
        return app;
    }

    /// <summary>As the API does it: deployments stay.</summary>
    public Task RemoveAsync(App app) => InDbAsync(async db =>
    {
        await db.Releases.Where(x => x.AppId == app.Id).ExecuteDeleteAsync();
        return await db.Apps.Where(x => x.Id == app.Id).ExecuteDeleteAsync();
    });

    public async Task<Guid> AddDeploymentAsync(App app, string state, string? source = null, string? image = null, TimeSpan? age = null)
    {
        var deployment = new DeploymentState
        {
            CorrelationId = NewId.NextGuid(),
            CurrentState = state,
            AppId = app.Id,
            AppName = app.Name,
            EnvironmentId = app.Environments[0].Id,
            EnvironmentName = AppEnvironment.Production,
            Target = app.Target,
            Trigger = DeploymentTriggers.Push,
            Sequence = Interlocked.Increment(ref _sequence),
            CreatedAt = DateTime.UtcNow - (age ?? TimeSpan.Zero),
            SourceDigest = source,
            ImageDigest = image,
        };
        await AddAsync(deployment);
        return deployment.CorrelationId;
    }

    public Task AddReleaseAsync(App app, int version, string state, string image) => AddAsync(new Release
    {
        EnvironmentId = app.Environments[0].Id,
        Version = version,
        AppId = app.Id,
        DeploymentId = NewId.NextGuid(),
        ImageDigest = image,
        RunPlan = Plan,
        Description = "Deploy 1234567",
        State = state,
        CreatedAt = DateTime.UtcNow,
    });

    public async Task<T> InDbAsync<T>(Func<PaasDbContext, Task<T>> work)
    {
        await using var scope = _services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<PaasDbContext>());
    }

    private Task<int> AddAsync(object entity) => InDbAsync(db =>
    {
        db.Add(entity);
        return db.SaveChangesAsync();
    });

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    private sealed class CleanerLog : ILoggerProvider, ILogger
    {
        private readonly List<string> _lines = [];

        public IReadOnlyCollection<string> Lines
        {
            get
            {
                lock (_lines)
                    return [.. _lines];
            }
        }

        public ILogger CreateLogger(string categoryName) => categoryName == typeof(ArtifactCleaner).FullName ? this : NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
                _lines.Add(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
