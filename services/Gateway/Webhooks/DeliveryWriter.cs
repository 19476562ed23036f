using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.Webhooks;

/// <summary>
/// Stores deliveries with the messages that make deployments of them. Those that come while others are being stored
/// are stored next, all together: a transaction for many costs little more than one for one.
/// </summary>
internal sealed partial class DeliveryWriter(IServiceScopeFactory scopes, ILogger<DeliveryWriter> logger) : BackgroundService
{
    private const int BatchSize = 50;

    /// <summary>As long as anybody waits for it: see <see cref="DeliveryStore"/>.</summary>
    private static readonly TimeSpan MaxTime = DeliveryStore.MaxTime;

    private readonly Channel<Entry> _waiting = Channel.CreateUnbounded<Entry>(new() { SingleReader = true });

    /// <returns>When they are stored, all or none.</returns>
    /// <exception cref="DbUpdateException">One of them is stored already, or the database refuses them.</exception>
    public Task StoreAsync(IReadOnlyList<Delivery> deliveries, CancellationToken cancellation)
    {
        var entry = new Entry(deliveries, cancellation);
        _waiting.Writer.TryWrite(entry);
        return entry.Stored.Task.WaitAsync(cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                var batch = new List<Entry>();
                while (batch.Count < BatchSize && _waiting.Reader.TryRead(out var entry))
                    batch.Add(entry);
                await StoreAsync(batch);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Log.Stopped(logger);
        }
    }

    private async Task StoreAsync(List<Entry> batch)
    {
        batch.RemoveAll(entry => entry.Cancellation.IsCancellationRequested);
        if (batch.Count == 0)
            return;
        try
        {
            await StoreTogetherAsync(batch);
            batch.ForEach(entry => entry.Stored.SetResult());
        }
        catch (DbUpdateException) when (batch.Count > 1)
        {
            // One of them may be stored already, which is nothing to the others.
            foreach (var entry in batch)
                await StoreAsync([entry]);
        }
        catch (Exception exception)
        {
            batch.ForEach(entry => entry.Stored.TrySetException(exception));
        }
    }

    private async Task StoreTogetherAsync(List<Entry> batch)
    {
        using var timeout = new CancellationTokenSource(MaxTime);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        var outbox = scope.ServiceProvider.GetRequiredService<BusOutbox>();
        db.Database.SetCommandTimeout(MaxTime);
        foreach (var entry in batch)
        {
            db.Deliveries.AddRange(entry.Deliveries);
            // What follows from a delivery belongs to the trace of its request.
            Activity.Current = entry.Request;
            foreach (var delivery in entry.Deliveries.Where(delivery => delivery.Decision == DeliveryDecisions.Pending))
                await outbox.PublishAsync(new PushReceived { DeliveryId = delivery.Id }, timeout.Token);
            Activity.Current = null;
        }

        await outbox.SaveChangesAsync(timeout.Token);
    }

    private sealed record Entry(IReadOnlyList<Delivery> Deliveries, CancellationToken Cancellation)
    {
        public Activity? Request { get; } = Activity.Current;
        public TaskCompletionSource Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Deliveries are not stored any more: the gateway stops")]
        public static partial void Stopped(ILogger logger);
    }
}
