using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using RabbitMQ.Client;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>
/// Ends the process when its bus does not come back though the broker has: a send that was under way when a connection
/// was lost can keep the library from ever connecting again, or from ever sending or receiving again by a channel that
/// looks well.
/// Whoever runs the process starts it anew, and the broker hands out again what it had not acknowledged.
/// </summary>
internal sealed partial class BusWatchdog(
    IBusControl bus, BusReadiness readiness, StuckSends stuck, OwnQueues queues, RabbitMqOptions broker, TimeProvider clock, ILogger<BusWatchdog> logger) : BackgroundService
{
    /// <summary>EX_UNAVAILABLE of sysexits.h.</summary>
    private const int ExitCode = 69;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Between two looks at the queues, each of which takes a connection, while all seems well.</summary>
    private static readonly TimeSpan QueueInterval = TimeSpan.FromSeconds(60);

    /// <summary>The library waits for up to half a minute between its own tries to connect.</summary>
    private static readonly TimeSpan MaxTimeToComeBack = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    /// <summary>For the broker to take a message.</summary>
    internal TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Ends the process at once: whatever is stuck would keep an orderly stop waiting.</summary>
    internal Action End { get; init; } = () => Environment.Exit(ExitCode);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await readiness.WaitAsync(stoppingToken);
            long? brokenSince = null;
            var lastLook = clock.GetTimestamp();
            while (true)
            {
                await Task.Delay(Interval, clock, stoppingToken);
                // A connection that was lost and found again between two looks shows only in what is sent.
                var isHealthy = bus.CheckHealth().Status == BusHealthStatus.Healthy && !stuck.Any;
                // After it was broken, it counts as back only when something gets through.
                if (isHealthy && (brokenSince is null || await CanSendAsync(stoppingToken)))
                {
                    if (brokenSince is null && clock.GetElapsedTime(lastLook) < QueueInterval)
                        continue;
                    lastLook = clock.GetTimestamp();
                    if (await AreHeardAsync(stoppingToken))
                    {
                        brokenSince = null;
                        continue;
                    }
                }

                if (!await AnswersAsync(stoppingToken))
                    brokenSince = clock.GetTimestamp(); // the time counts from the broker's return
                else if (clock.GetElapsedTime(brokenSince ??= clock.GetTimestamp()) > MaxTimeToComeBack)
                    GiveUp();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Log.Stopped(logger);
        }
    }

    /// <summary>Sends what nobody takes for anything.</summary>
    private async Task<bool> CanSendAsync(CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(SendTimeout);
        try
        {
            await bus.PublishUncanceledAsync(new StopStep { DeploymentId = Guid.Empty, Step = Step.DownloadCode, Attempt = 0 }, timeout.Token);
            return true;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Whether messages to this process come to anybody.</summary>
    private async Task<bool> AreHeardAsync(CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(AnswerTimeout);
        try
        {
            if (await queues.FindUnheardAsync(timeout.Token) is not { } unheard)
                return true;
            Log.Unheard(logger, unheard);
            return false;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether the broker takes messages, by a connection of its own. One that is short of memory or disk takes none until it
    /// has enough, and nothing is gained by starting anew (https://www.rabbitmq.com/docs/alarms).
    /// </summary>
    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(AnswerTimeout);
        try
        {
            var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(timeout.Token);
            try
            {
                var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), timeout.Token);
                // To no queue: it is confirmed all the same. One that is short takes the first of a connection, and no more.
                for (var i = 0; i < 2; i++)
                    await channel.BasicPublishAsync("", $"nobody-{Guid.NewGuid():N}", ReadOnlyMemory<byte>.Empty, timeout.Token).AsTask().WaitAsync(timeout.Token);
                return true;
            }
            finally
            {
                // A broker that takes nothing does not take a farewell either: that is not waited for.
                _ = CloseAsync(connection);
            }
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task CloseAsync(IConnection connection)
    {
        await connection.AbortAsync(CloseTimeout);
        await connection.DisposeAsync();
    }

    private void GiveUp()
    {
        Log.Ending(logger, MaxTimeToComeBack);
        End();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Critical, Message = "RabbitMQ answers, but the bus has not come back for {Time}: this process ends, to be started again")]
        public static partial void Ending(ILogger logger, TimeSpan time);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody takes messages from {Queue}")]
        public static partial void Unheard(ILogger logger, string queue);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The watch over the bus has ended")]
        public static partial void Stopped(ILogger logger);
    }
}
