using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Persistence;

/// <summary>Everything the platform remembers; the same model on PostgreSQL and SQLite. All times are UTC.</summary>
public sealed class PaasDbContext : DbContext
{
    // A transaction that meets an error is given up as a whole: nobody goes back to a savepoint.
    public PaasDbContext(DbContextOptions<PaasDbContext> options)
        : base(options) => Database.AutoSavepointsEnabled = false;

    public DbSet<App> Apps => Set<App>();
    public DbSet<AppEnvironment> Environments => Set<AppEnvironment>();
    public DbSet<ConfigVar> ConfigVars => Set<ConfigVar>();
    public DbSet<Delivery> Deliveries => Set<Delivery>();
    public DbSet<DeploymentState> Deployments => Set<DeploymentState>();
    public DbSet<Release> Releases => Set<Release>();
    public DbSet<LogBatch> LogBatches => Set<LogBatch>();
    public DbSet<Route> Routes => Set<Route>();
    public DbSet<Counter> Counters => Set<Counter>();
    public DbSet<AccessToken> AccessTokens => Set<AccessToken>();
    public DbSet<OperatorAction> OperatorActions => Set<OperatorAction>();
    public DbSet<AppEvent> AppEvents => Set<AppEvent>();
    public DbSet<OutboxMessage> OutboxMessages => Set<OutboxMessage>();
    public DbSet<InboxMessage> InboxMessages => Set<InboxMessage>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcConverter>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<App>(app =>
        {
            app.ToTable("apps").HasKey(x => x.Id);
            app.Property(x => x.Name).HasMaxLength(App.MaxNameLength);
            app.HasIndex(x => x.Name).IsUnique();
            Json(app.Property(x => x.WatchPaths));
            app.HasIndex(x => x.RepositoryKey);
            app.HasIndex(x => new { x.CreatedAt, x.Id });
            app.HasMany(x => x.Environments).WithOne(x => x.App).HasForeignKey(x => x.AppId).OnDelete(DeleteBehavior.Cascade);
            app.HasMany(x => x.ConfigVars).WithOne().HasForeignKey(x => x.AppId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<AppEnvironment>(environment =>
        {
            environment.ToTable("environments").HasKey(x => x.Id);
            environment.HasIndex(x => new { x.AppId, x.Name }).IsUnique();
            Json(environment.Property(x => x.Formation));
        });
        modelBuilder.Entity<ConfigVar>(variable => variable.ToTable("config_vars").HasKey(x => new { x.AppId, x.Name }));
        modelBuilder.Entity<Delivery>(delivery =>
        {
            delivery.ToTable("deliveries").HasKey(x => x.Id);
            delivery.HasIndex(x => new { x.AppId, x.DeliveryId }).IsUnique();
            delivery.HasIndex(x => new { x.AppId, x.SignatureHash }).IsUnique();
            delivery.HasIndex(x => x.DeploymentId);
            delivery.HasIndex(x => new { x.ReceivedAt, x.Id });
            delivery.HasIndex(x => x.Decision);
        });
        modelBuilder.Entity<DeploymentState>(deployment =>
        {
            deployment.ToTable("deployments").HasKey(x => x.CorrelationId);
            Json(deployment.Property(x => x.Steps));
            Json(deployment.Property(x => x.BuildPlan));
            Json(deployment.Property(x => x.RunPlan));
            deployment.HasIndex(x => new { x.EnvironmentId, x.Sequence }).IsUnique();
            deployment.HasIndex(x => new { x.AppId, x.CreatedAt });
            deployment.HasIndex(x => new { x.CreatedAt, x.CorrelationId });
            deployment.HasIndex(x => x.Deadline);
            deployment.HasIndex(x => x.CurrentState);
        });
        modelBuilder.Entity<Release>(release =>
        {
            release.ToTable("releases").HasKey(x => new { x.EnvironmentId, x.Version });
            release.HasIndex(x => x.DeploymentId).IsUnique();
            release.HasIndex(x => x.AppId);
            release.HasIndex(x => x.ImageDigest);
            Json(release.Property(x => x.RunPlan));
        });
        modelBuilder.Entity<LogBatch>(log =>
        {
            log.ToTable("log_batches").HasKey(x => x.Id);
            log.HasIndex(x => new { x.LogId, x.Batch }).IsUnique();
            log.HasIndex(x => new { x.DeploymentId, x.Id });
        });
        modelBuilder.Entity<Route>(route =>
        {
            route.ToTable("routes").HasKey(x => x.AppId);
            route.HasIndex(x => x.App);
            route.HasIndex(x => x.Version);
            Json(route.Property(x => x.Instances));
        });
        modelBuilder.Entity<Counter>(counter => counter.ToTable("counters").HasKey(x => x.Name));
        modelBuilder.Entity<AccessToken>(token => token.ToTable("access_tokens").HasKey(x => x.Hash));
        modelBuilder.Entity<OperatorAction>(action =>
        {
            action.ToTable("operator_actions").HasKey(x => x.Id);
            action.HasIndex(x => x.DeploymentId);
            action.HasIndex(x => new { x.At, x.Id });
        });
        modelBuilder.Entity<AppEvent>(happened =>
        {
            happened.ToTable("app_events").HasKey(x => x.Id);
            happened.HasOne<App>().WithMany().HasForeignKey(x => x.AppId);
            happened.HasIndex(x => new { x.AppId, x.At, x.Id });
        });
        modelBuilder.Entity<OutboxMessage>(message =>
        {
            message.ToTable("outbox_messages").HasKey(x => x.SequenceNumber);
            message.Ignore(x => x.RequestId).Ignore(x => x.ExpirationTime).Ignore(x => x.Host).Ignore(x => x.Headers).Ignore(x => x.Properties);
            message.HasIndex(x => x.CreatedAt);
        });
        modelBuilder.Entity<InboxMessage>(message =>
        {
            message.ToTable("inbox_messages").HasKey(x => new { x.MessageId, x.ConsumerId });
            message.HasIndex(x => x.ConsumedAt);
        });

        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
                property.SetColumnName(SnakeCase(property.Name));
            foreach (var key in entity.GetKeys())
                key.SetName(SnakeCase(key.GetDefaultName()!));
            foreach (var index in entity.GetIndexes())
                index.SetDatabaseName(SnakeCase(index.GetDefaultDatabaseName()!));
            foreach (var foreignKey in entity.GetForeignKeys())
                foreignKey.SetConstraintName(SnakeCase(foreignKey.GetDefaultName()!));
        }
    }

    /// <summary>Keeps a value as JSON text in one column. It is replaced, never changed, so that no copy of it has to be kept and compared.</summary>
    private static void Json<T>(PropertyBuilder<T> property) => property.HasConversion(
        new ValueConverter<T, string>(value => JsonSerializer.Serialize(value, JsonSerializerOptions.Web), text => JsonSerializer.Deserialize<T>(text, JsonSerializerOptions.Web)!),
        new ValueComparer<T>(
            (left, right) => ReferenceEquals(left, right),
            value => RuntimeHelpers.GetHashCode(value),
            value => value));

    internal static string SnakeCase(string name)
    {
        var result = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && char.IsLower(name[i - 1]))
                result.Append('_');
            result.Append(char.ToLowerInvariant(name[i]));
        }

        return result.ToString();
    }

    /// <summary>SQLite forgets the kind of a time, and PostgreSQL takes only UTC.</summary>
    private sealed class UtcConverter() : ValueConverter<DateTime, DateTime>(
        value => DateTime.SpecifyKind(value, DateTimeKind.Utc), value => DateTime.SpecifyKind(value, DateTimeKind.Utc));
}
