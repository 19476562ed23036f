using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Persistence;

namespace Paas.Orchestrator.Logs;

/// <summary>
/// Writes step logs, in the order in which they were written also when several orchestrators do so at once: a batch
/// waits until the one before it is stored. One that comes twice is stored once.
/// </summary>
internal sealed class AppendLogConsumer(PaasDbContext db, TimeProvider clock) : IConsumer<AppendLog>
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>The batch before may be lost, or behind this one in the queue after a redelivery.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    public async Task Consume(ConsumeContext<AppendLog> context)
    {
        var batch = context.Message;
        var since = clock.GetTimestamp();
        while (await StoreAsync(batch, isInOrder: clock.GetElapsedTime(since) > MaxWait, context.CancellationToken) == 0
            && !await db.LogBatches.AnyAsync(x => x.LogId == batch.LogId && x.Batch == batch.Batch, context.CancellationToken))
            await Task.Delay(Pause, clock, context.CancellationToken);
    }

    /// <summary>Stores the batch if it is its turn.</summary>
    /// <remarks>
    /// Readers go by the id of a row, so ids of one deployment must become visible in their order: on PostgreSQL its
    /// writers, and the saga with its own lines, take turns by the lock on its row.
    /// </remarks>
    private Task<int> StoreAsync(AppendLog batch, bool isInOrder, CancellationToken cancellation)
    {
        var text = string.Join('\n', batch.Lines);
        isInOrder |= batch.Batch == 1;
        return db.Database.IsNpgsql()
            ? db.Database.ExecuteSqlAsync(
                $"""
                 WITH turn AS MATERIALIZED (SELECT 1 FROM deployments WHERE correlation_id = {batch.DeploymentId} FOR NO KEY UPDATE)
                 INSERT INTO log_batches (deployment_id, step, attempt, log_id, batch, at, text)
                 SELECT {batch.DeploymentId}, {batch.Step}, {batch.Attempt}, {batch.LogId}, {batch.Batch}, {batch.At}, {text}
                 FROM (SELECT 1) AS one LEFT JOIN turn ON TRUE
                 WHERE {isInOrder} OR EXISTS (SELECT 1 FROM log_batches WHERE log_id = {batch.LogId} AND batch = {batch.Batch - 1})
                 ON CONFLICT DO NOTHING
                 """,
                cancellation)
            : db.Database.ExecuteSqlAsync(
                $"""
                 INSERT INTO log_batches (deployment_id, step, attempt, log_id, batch, at, text)
                 SELECT {batch.DeploymentId}, {batch.Step}, {batch.Attempt}, {batch.LogId}, {batch.Batch}, {batch.At}, {text}
                 WHERE {isInOrder} OR EXISTS (SELECT 1 FROM log_batches WHERE log_id = {batch.LogId} AND batch = {batch.Batch - 1})
                 ON CONFLICT DO NOTHING
                 """,
                cancellation);
    }
}
