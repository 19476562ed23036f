using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Paas.Persistence.Messaging;

/// <summary>
/// Removes messages from the outbox after they were sent: aside, and many in one statement, since nobody waits for it.
/// Those that a crash leaves behind are sent again, as are those of a crash right before their removal.
/// </summary>
public sealed partial class SentMessages(IServiceScopeFactory scopes, TimeProvider clock, ILogger<SentMessages> logger) : BackgroundService
{
    private const int BatchSize = 500;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Far below the age at which a stored message counts as left behind.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Channel<long> _sent = Channel.CreateUnbounded<long>(new() { SingleReader = true });

    /// <summary>Those that are being removed.</summary>
    private readonly List<long> _batch = [];

    internal void Remove(IEnumerable<OutboxMessage> sent)
    {
        foreach (var message in sent)
            _sent.Writer.TryWrite(message.SequenceNumber);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = Pause;
        while (await HasSentAsync(stoppingToken))
        {
            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stoppingToken.IsCancellationRequested)
                pause = await TryRemoveAsync(stoppingToken) ? Pause : RetryDelay;
        }
    }

    /// <summary>What was sent until the end is removed as well; the bus has stopped before.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        while ((_batch.Count > 0 || _sent.Reader.TryPeek(out _)) && await TryRemoveAsync(cancellationToken))
        {
        }
    }

    private async ValueTask<bool> HasSentAsync(CancellationToken cancellation)
    {
        try
        {
            return (_batch.Count > 0 && !cancellation.IsCancellationRequested) || await _sent.Reader.WaitToReadAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> TryRemoveAsync(CancellationToken cancellation)
    {
        while (_batch.Count < BatchSize && _sent.Reader.TryRead(out var message))
            _batch.Add(message);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
            await db.OutboxMessages.Where(message => _batch.Contains(message.SequenceNumber)).ExecuteDeleteAsync(cancellation);
            _batch.Clear();
            return true;
        }
        catch (Exception exception)
        {
            if (!cancellation.IsCancellationRequested)
                Log.NotRemoved(logger, exception, _batch.Count);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} messages that were sent could not be removed from the outbox; they may be sent twice")]
        public static partial void NotRemoved(ILogger logger, Exception exception, int count);
    }
}
