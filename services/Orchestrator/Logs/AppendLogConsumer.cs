using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Persistence;

namespace Paas.Orchestrator.Logs;

/// <summary>The one writer of step logs. A batch that comes twice is stored once.</summary>
internal sealed class AppendLogConsumer(PaasDbContext db) : IConsumer<AppendLog>
{
    public Task Consume(ConsumeContext<AppendLog> context)
    {
        var batch = context.Message;
        var text = string.Join('\n', batch.Lines);
        return db.Database.ExecuteSqlAsync(
            $"""
             INSERT INTO log_batches (deployment_id, step, attempt, log_id, batch, at, text)
             VALUES ({batch.DeploymentId}, {batch.Step}, {batch.Attempt}, {batch.LogId}, {batch.Batch}, {batch.At}, {text})
             ON CONFLICT DO NOTHING
             """,
            context.CancellationToken);
    }
}
