using Microsoft.EntityFrameworkCore;
using Paas.Persistence.Entities;

namespace Paas.Persistence;

/// <summary>
/// Rows that are read in order to be changed. PostgreSQL locks the row until the transaction ends; on SQLite the
/// transaction has the whole database from its beginning.
/// </summary>
public static class RowLocks
{
    public static Task<DeploymentState?> LockDeploymentAsync(this PaasDbContext db, Guid id, CancellationToken cancellation) =>
        db.Database.IsNpgsql()
            ? db.Deployments.FromSql($"SELECT * FROM deployments WHERE correlation_id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellation)
            : db.Deployments.SingleOrDefaultAsync(x => x.CorrelationId == id, cancellation);

    /// <summary>The lock under which deployments of one environment are ordered and take turns.</summary>
    public static Task<AppEnvironment?> LockEnvironmentAsync(this PaasDbContext db, Guid id, CancellationToken cancellation)
    {
        // What was read before the lock may be out of date, and the context would hand it out again.
        if (db.Environments.Local.FindEntry(id) is { State: EntityState.Unchanged } stale)
            stale.State = EntityState.Detached;
        return db.Database.IsNpgsql()
            ? db.Environments.FromSql($"SELECT * FROM environments WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellation)
            : db.Environments.SingleOrDefaultAsync(x => x.Id == id, cancellation);
    }

    /// <summary>
    /// Counts on, and holds the counter until the transaction ends: whoever sees a number has been able to see
    /// everything that was stored under the numbers before it.
    /// </summary>
    public static async Task<long> NextAsync(this PaasDbContext db, string counter, CancellationToken cancellation) =>
        (await db.Database.SqlQuery<long>(
            $"""
             INSERT INTO counters (name, value) VALUES ({counter}, 1)
             ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value AS "Value"
             """).ToListAsync(cancellation))[0];

    /// <summary>Waits until nobody else holds the lock of that name, and holds it until the transaction ends.</summary>
    public static Task LockAsync(this PaasDbContext db, string name, CancellationToken cancellation) => db.Database.IsNpgsql()
        ? db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({name}, 0))", cancellation)
        : Task.CompletedTask;

    /// <summary>Takes the lock of that name until the transaction ends, unless somebody else holds it.</summary>
    /// <returns>Whether it was free.</returns>
    public static async Task<bool> TryLockAsync(this PaasDbContext db, string name, CancellationToken cancellation) =>
        !db.Database.IsNpgsql()
        || (await db.Database.SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock(hashtextextended({name}, 0)) AS \"Value\"").ToListAsync(cancellation))[0];
}
