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
}
