using System.Data;
using System.Data.Common;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Middleware;
using MassTransit.Saga;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Paas.Hosting;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Persistence;

public static class PersistenceSetup
{
    private const string MigrationLock = "migrations";

    /// <summary>A change of a large table, and the waiting for another service that makes it, take their time.</summary>
    private static readonly TimeSpan MigrationTimeout = TimeSpan.FromMinutes(30);

    /// <summary>For a service on its own: the persistence, and the newest schema before anything uses it.</summary>
    /// <exception cref="StartException"><c>ConnectionStrings:Paas</c> is not set: services on their own share a PostgreSQL.</exception>
    /// <param name="services">The service's.</param>
    /// <param name="configuration">The service's.</param>
    /// <param name="callersWait">Whether somebody waits for an answer, who is told soon that the database hangs.</param>
    public static IServiceCollection AddPaasDatabase(this IServiceCollection services, IConfiguration configuration, bool callersWait = false)
    {
        if (string.IsNullOrEmpty(configuration.GetConnectionString("Paas")))
            throw new StartException(PersistenceTexts.NoDatabase());
        services.AddHostedService<DatabasePreparation>();
        return services.AddPaasPersistence(configuration, callersWait);
    }

    /// <summary>PostgreSQL if <c>ConnectionStrings:Paas</c> is set; if not, SQLite in the data directory.</summary>
    public static IServiceCollection AddPaasPersistence(this IServiceCollection services, IConfiguration configuration, bool callersWait = false)
    {
        services.AddDbContextPool<PaasDbContext>(options => options.UsePaasDatabase(configuration, callersWait));
        services.AddScoped<BusOutbox>();
        services.AddScoped<AfterCommit>();
        services.AddSingleton<SentMessages>();
        services.AddHostedService(provider => provider.GetRequiredService<SentMessages>());
        services.AddSingleton<OutboxDispatcher>();
        services.AddHostedService(provider => provider.GetRequiredService<OutboxDispatcher>());
        services.AddScoped<IOutboxContextFactory<PaasDbContext>, SagaOutboxFactory>();
        services.AddHealthChecks().AddCheck<DatabaseCheck>("database", tags: [HealthSetup.Ready]);
        return services;
    }

    /// <summary>
    /// Brings the database to the newest schema. On PostgreSQL several services may do so at once: one of them does the
    /// work. SQLite is for one process.
    /// </summary>
    public static async Task MigrateAsync(IServiceProvider services, CancellationToken cancellation)
    {
        await using var scope = services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<PaasDbContext>().Database;
        // On SQLite, EF's lock is a row that stays when its process is killed, and would be waited for for ever. The
        // data directory belongs to this process alone, so whatever lock there is has been left behind.
        if (database.IsSqlite())
        {
            var file = database.GetDbConnection().DataSource;
            foreach (var own in new[] { file, $"{file}-wal", $"{file}-shm" }.Where(own => own == file || File.Exists(own)))
                PrivateFolder.PrepareFile(own);
            await database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellation);
        }

        database.SetCommandTimeout(MigrationTimeout);
        if (database.IsNpgsql())
            await MigrateInTurnAsync(database, cancellation);
        else
            await database.MigrateAsync(cancellation);
    }

    /// <summary>
    /// EF's own lock ends with each migration, after which another process may make the next one as well. This one ends
    /// with the connection.
    /// </summary>
    private static async Task MigrateInTurnAsync(DatabaseFacade database, CancellationToken cancellation)
    {
        var creator = database.GetService<IRelationalDatabaseCreator>();
        try
        {
            if (!await creator.ExistsAsync(cancellation))
                await creator.CreateAsync(cancellation);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another process has made it at the same time.
        }

        await database.OpenConnectionAsync(cancellation);
        try
        {
            await database.ExecuteSqlAsync($"SELECT pg_advisory_lock(hashtextextended({MigrationLock}, 0))", cancellation);
            await database.MigrateAsync(cancellation);
        }
        finally
        {
            // A connection that goes back to its pool would keep the lock.
            if (database.GetDbConnection().State == ConnectionState.Open)
                await database.ExecuteSqlAsync($"SELECT pg_advisory_unlock(hashtextextended({MigrationLock}, 0))", CancellationToken.None);
            await database.CloseConnectionAsync();
        }
    }

    internal static DbContextOptionsBuilder UsePaasDatabase(
        this DbContextOptionsBuilder options, IConfiguration configuration, bool callersWait = false)
    {
        if (configuration.GetConnectionString("Paas") is { Length: > 0 } postgres)
            return options.UseNpgsql(PostgresConnections.WithDefaults(postgres, callersWait)).AddInterceptors(PostgresConnections.Instance);
        var folder = Path.GetFullPath(configuration[$"{PaasOptions.Section}:DataDirectory"] ?? PaasOptions.DefaultDataDirectory);
        var connection = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "paas.db"), ForeignKeys = true };
        return options.UseSqlite(connection.ToString()).AddInterceptors(SqliteSettings.Instance);
    }

    /// <summary>Keeps the state of deployments in the <see cref="PaasDbContext"/>.</summary>
    public static void PaasRepository(this ISagaRegistrationConfigurator<DeploymentState> saga) => saga.Repository(repository =>
    {
        repository.AddScoped<ISagaRepositoryContextFactory<DeploymentState>, DeploymentSagaRepository>();
        repository.AddScoped<ILoadSagaRepositoryContextFactory<DeploymentState>, DeploymentSagaRepository>();
        repository.AddScoped<IQuerySagaRepositoryContextFactory<DeploymentState>, DeploymentSagaRepository>();
    });

    /// <summary>
    /// What is consumed on this endpoint is consumed once, and what is sent meanwhile is sent if, and only if, the
    /// transaction is committed. A database that is busy or away is tried again.
    /// </summary>
    public static void UsePaasOutbox(this IReceiveEndpointConfigurator endpoint, IRegistrationContext context)
    {
        endpoint.UseDatabaseRetry();
        // With the default limit of 1 message the filter would never come to an end.
        var observer = new OutboxConsumePipeSpecificationObserver<PaasDbContext>(endpoint, context) { MessageDeliveryLimit = 1_000 };
        endpoint.ConnectConsumerConfigurationObserver(observer);
        endpoint.ConnectSagaConfigurationObserver(observer);
    }

    /// <summary>Tries for some minutes: a database that is busy or away is no reason to lose a message.</summary>
    public static void UseDatabaseRetry(this IReceiveEndpointConfigurator endpoint) => endpoint.UseMessageRetry(retry => retry.Exponential(
        retryLimit: 20, minInterval: TimeSpan.FromMilliseconds(50), maxInterval: TimeSpan.FromSeconds(30), intervalDelta: TimeSpan.FromMilliseconds(50)));

    /// <summary>A write-ahead log, so that reading and writing go side by side, and waiting in SQLite instead of sleeping.</summary>
    private sealed class SqliteSettings : DbConnectionInterceptor
    {
        public static SqliteSettings Instance { get; } = new();

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Apply(connection);

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            Apply(connection);
            return Task.CompletedTask;
        }

        private static void Apply(DbConnection connection)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
            command.ExecuteNonQuery();
        }
    }
}
