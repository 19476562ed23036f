using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Persistence;

namespace Paas.Orchestrator.Logs;

/// <summary>
/// A step's end and its last lines come by different queues. Waits with the end until the lines are stored, so that the
/// log tells of things in the order in which they happened: "v3 is live" after "Starting release v3".
/// </summary>
internal sealed class LogBeforeEventFilter(IServiceScopeFactory scopes, TimeProvider clock) : IFilter<ConsumeContext>
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>The order of lines is worth a moment, but no more: lines may be lost, or late because many are.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        if (context.TryGetMessage<IStepEnded>(out var ended) && ended.Message is { LogBatches: > 0 } step)
            await WaitForLogAsync(step, context.CancellationToken);
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("logBeforeEvent");

    // Before the saga's transaction begins, and not within it: on SQLite, nobody else could write.
    private async Task WaitForLogAsync(IStepEnded step, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        var since = clock.GetTimestamp();
        // The batches of a log are stored in their order.
        while (!await db.LogBatches.AnyAsync(batch => batch.LogId == step.LogId && batch.Batch == step.LogBatches, cancellation)
            && clock.GetElapsedTime(since) < MaxWait)
            await Task.Delay(Pause, clock, cancellation);
    }
}
