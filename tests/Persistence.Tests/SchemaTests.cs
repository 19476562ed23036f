using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Paas.Persistence;

namespace Paas.Persistence.Tests;

public sealed class SchemaTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-schema-");

    [Fact]
    public async Task The_migrations_make_the_schema_that_the_model_asks_for()
    {
        await using var migrated = Open("migrated.db");
        await migrated.Database.MigrateAsync(TestContext.Current.CancellationToken);
        await using var created = Open("created.db");
        await created.GetService<IRelationalDatabaseCreator>().CreateAsync(TestContext.Current.CancellationToken);
        await created.GetService<IRelationalDatabaseCreator>().CreateTablesAsync(TestContext.Current.CancellationToken);

        var columns = await ColumnsAsync(migrated);
        columns.ShouldNotBeEmpty();
        columns.ShouldBe(await ColumnsAsync(created));
        (await IndexesAsync(migrated)).ShouldBe(await IndexesAsync(created));
    }

    [Fact]
    public async Task Migrating_twice_changes_nothing()
    {
        await using var db = Open("twice.db");
        await db.Database.MigrateAsync(TestContext.Current.CancellationToken);
        await db.Database.MigrateAsync(TestContext.Current.CancellationToken);
        (await db.Database.GetPendingMigrationsAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_process_that_was_killed_while_it_migrated_does_not_stop_the_next()
    {
        await using var services = new ServiceCollection().AddScoped(_ => Open("killed.db")).BuildServiceProvider();
        await PersistenceSetup.MigrateAsync(services, TestContext.Current.CancellationToken);
        await using (var db = Open("killed.db"))
        {
            var rows = await db.Database.ExecuteSqlRawAsync(
                "INSERT INTO \"__EFMigrationsLock\" (\"Id\", \"Timestamp\") VALUES (1, '2026-01-01 00:00:00+00:00')", TestContext.Current.CancellationToken);
            rows.ShouldBe(1);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        await PersistenceSetup.MigrateAsync(services, deadline.Token);
    }

    private static Task<List<string>> ColumnsAsync(PaasDbContext db) => db.Database.SqlQueryRaw<string>(
        """
        SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk AS Value
        FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE '\_\_%' ESCAPE '\' AND m.name NOT LIKE 'sqlite%' ORDER BY Value
        """).ToListAsync();

    private static Task<List<string>> IndexesAsync(PaasDbContext db) => db.Database.SqlQueryRaw<string>(
        "SELECT sql AS Value FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name").ToListAsync();

    private PaasDbContext Open(string file) => new(new DbContextOptionsBuilder<PaasDbContext>()
        .UseSqlite($"Data Source={Path.Combine(_folder.FullName, file)};Pooling=False").Options);

    public void Dispose() => _folder.Delete(recursive: true);
}
