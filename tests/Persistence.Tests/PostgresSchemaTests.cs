using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Paas.Servers;

namespace Paas.Persistence.Tests;

/// <summary>The same migrations on PostgreSQL.</summary>
public sealed class PostgresSchemaTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task The_migrations_make_the_schema_that_the_model_asks_for()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed here.");
        await using var migrated = Open("migrated");
        await migrated.Database.MigrateAsync(TestContext.Current.CancellationToken);
        (await migrated.Database.GetPendingMigrationsAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
        await using var created = Open("created");
        await created.GetService<IRelationalDatabaseCreator>().CreateAsync(TestContext.Current.CancellationToken);
        await created.GetService<IRelationalDatabaseCreator>().CreateTablesAsync(TestContext.Current.CancellationToken);

        var columns = await ColumnsAsync(migrated);
        columns.ShouldNotBeEmpty();
        columns.ShouldBe(await ColumnsAsync(created));
        (await IndexesAsync(migrated)).ShouldBe(await IndexesAsync(created));
    }

    [Fact]
    public async Task Several_processes_may_migrate_at_once()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed here.");
        await Open("empty").GetService<IRelationalDatabaseCreator>().CreateAsync(TestContext.Current.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            await using var process = new ServiceCollection().AddScoped(_ => Open("empty")).BuildServiceProvider();
            await PersistenceSetup.MigrateAsync(process, TestContext.Current.CancellationToken);
        }));

        await using var db = Open("empty");
        (await db.Database.GetPendingMigrationsAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    private static Task<List<string>> ColumnsAsync(PaasDbContext db) => db.Database.SqlQueryRaw<string>(
        """
        SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || is_identity
            || ' ' || COALESCE(character_maximum_length, 0) AS "Value"
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\_\_%' ORDER BY 1
        """).ToListAsync();

    private static Task<List<string>> IndexesAsync(PaasDbContext db) => db.Database.SqlQueryRaw<string>(
        "SELECT indexdef AS \"Value\" FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%' ORDER BY 1").ToListAsync();

    private PaasDbContext Open(string database) =>
        new(new DbContextOptionsBuilder<PaasDbContext>().UseNpgsql(server.ConnectionString(database)).Options);
}
