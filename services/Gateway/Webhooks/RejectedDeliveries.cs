using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Gateway.Http;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Webhooks;

/// <summary>
/// Keeps the newest of the deliveries that were refused, for whoever looks for why nothing happens. They are written
/// aside and together: strangers can neither fill the disk nor make those wait whose deliveries are real.
/// </summary>
internal sealed partial class RejectedDeliveries(IServiceScopeFactory scopes, TimeProvider clock, ILogger<RejectedDeliveries> logger) : BackgroundService
{
    public const int Kept = 500;
    private const int BatchSize = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly Channel<Delivery> _refused = Channel.CreateBounded<Delivery>(
        new BoundedChannelOptions(2 * BatchSize) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Add(Delivery delivery) => _refused.Writer.TryWrite(delivery);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _refused.Reader.WaitToReadAsync(stoppingToken))
            {
                var batch = new List<Delivery>();
                while (batch.Count < BatchSize && _refused.Reader.TryRead(out var delivery))
                    batch.Add(delivery);
                await StoreAsync(batch, stoppingToken);
                await Task.Delay(Pause, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Log.Stopped(logger);
        }
    }

    private async Task StoreAsync(List<Delivery> batch, CancellationToken cancellation)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
            // Two gateways that remove the same old ones would otherwise wait for each other.
            await db.LockAsync(DeliveryDecisions.Rejected, cancellation);
            db.Deliveries.AddRange(batch);
            await db.SaveChangesAsync(cancellation);
            await db.Deliveries.Where(delivery => delivery.Decision == DeliveryDecisions.Rejected)
                .OrderByDescending(delivery => delivery.ReceivedAt).ThenByDescending(delivery => delivery.Id)
                .Skip(Kept).ExecuteDeleteAsync(cancellation);
            await transaction.CommitAsync(cancellation);
        }
        catch (Exception exception) when (ProblemHandler.IsStorageFault(exception) || exception is InvalidOperationException)
        {
            Log.NotStored(logger, exception, batch.Count);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} refused deliveries could not be recorded")]
        public static partial void NotStored(ILogger logger, Exception exception, int count);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Refused deliveries are not recorded any more: the gateway stops")]
        public static partial void Stopped(ILogger logger);
    }
}
