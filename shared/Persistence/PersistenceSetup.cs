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
    /// <summary>For a service on its own: the persistence, and the newest schema before anything uses it.</summary>
    /// <exception cref="StartException"><c>ConnectionStrings:Paas</c> is not set: services on their own share a PostgreSQL.</exception>
    public static IServiceCollection AddPaasDatabase(this IServiceCollection services, IConfiguration configuration)
    {
        if (string.IsNullOrEmpty(configuration.GetConnectionString("Paas")))
            throw new StartException(PersistenceTexts.NoDatabase());
        services.AddHostedService<DatabasePreparation>();
        return services.AddPaasPersistence(configuration);
    }

    /// <summary>PostgreSQL if <c>ConnectionStrings:Paas</c> is set; if not, SQLite in the data directory.</summary>
    public static IServiceCollection AddPaasPersistence(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddDbContextPool<PaasDbContext>(options => options.UsePaasDatabase(configuration));
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
            await database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellation);
            await database.MigrateAsync(cancellation);
        }
        else
        {
            await MigratePostgresAsync(database, cancellation);
        }
    }

    /// <summary>EF locks one migration at a time, and another process could begin the next one in between.</summary>
    private static async Task MigratePostgresAsync(DatabaseFacade database, CancellationToken cancellation)
    {
        if (!await database.GetService<IRelationalDatabaseCreator>().ExistsAsync(cancellation))
            await database.GetService<IRelationalDatabaseCreator>().CreateAsync(cancellation);
        await database.OpenConnectionAsync(cancellation);
        try
        {
            await database.ExecuteSqlAsync($"SELECT pg_advisory_lock(hashtextextended({nameof(MigrateAsync)}, 0))", cancellation);
            await database.MigrateAsync(cancellation);
        }
        finally
        {
            // The lock is the session's: it ends with it if it can't be given back.
            if (database.GetDbConnection().State == System.Data.ConnectionState.Open)
                await database.ExecuteSqlRawAsync("SELECT pg_advisory_unlock_all()", CancellationToken.None);
            await database.CloseConnectionAsync();
        }
    }

    internal static DbContextOptionsBuilder UsePaasDatabase(this DbContextOptionsBuilder options, IConfiguration configuration)
    {
        if (configuration.GetConnectionString("Paas") is { Length: > 0 } postgres)
            return options.UseNpgsql(PostgresSettings(postgres));
        var folder = Path.GetFullPath(configuration[$"{PaasOptions.Section}:DataDirectory"] ?? PaasOptions.DefaultDataDirectory);
        var connection = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "paas.db"), ForeignKeys = true };
        return options.UseSqlite(connection.ToString()).AddInterceptors(SqliteSettings.Instance);
    }

    /// <summary>
    /// The same few statements come again and again, so each connection prepares them; and nobody changes its session,
    /// so there is nothing to reset. What the operator has set stays.
    /// </summary>
    private static string PostgresSettings(string connection)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = connection };
        var settings = new NpgsqlConnectionStringBuilder(connection);
        if (!given.ContainsKey("Max Auto Prepare") && !given.ContainsKey(nameof(settings.MaxAutoPrepare)))
            settings.MaxAutoPrepare = 100;
        if (!given.ContainsKey("No Reset On Close") && !given.ContainsKey(nameof(settings.NoResetOnClose)))
            settings.NoResetOnClose = true;
        return settings.ToString();
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
