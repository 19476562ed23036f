using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;

namespace Paas.ImagePublisher.Docker;

/// <summary>
/// Consumes the queue of the engine beside this publisher for as long as the engine answers: whoever finds nobody there
/// knows that what the engine has built can't be had.
/// </summary>
internal sealed partial class EngineWatch(
    EngineClient engine, EngineQueues queues, IBusControl bus, BusReadiness readiness, TimeProvider clock, ILogger<EngineWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    /// <summary>An engine that is only busy answers by then.</summary>
    private const int MissesUntilAway = 3;

    private HostReceiveEndpointHandle? _queue;
    private string? _engine;
    private int _misses;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await readiness.WaitAsync(stoppingToken);
            await bus.WaitForHealthStatus(BusHealthStatus.Healthy, stoppingToken);
            while (true)
            {
                await LookAsync(stoppingToken);
                await Task.Delay(Interval, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The bus stops what it has.
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            var found = await FindEngineAsync(cancellation);
            _misses = found is null ? _misses + 1 : 0;
            if (found == _engine || (found is null && _misses < MissesUntilAway))
                return;
            if (_queue is not null)
                await StopAsync(_queue, cancellation);
            (_queue, _engine) = (null, null);
            if (found is null)
                return;
            _queue = queues.Connect<PublishFromEngineConsumer>(Step.PublishImage, found);
            _engine = found;
            Log.Connected(logger, engine.Endpoint, found);
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            Log.Postponed(logger, exception);
        }
    }

    private async Task<string?> FindEngineAsync(CancellationToken cancellation)
    {
        try
        {
            return (await engine.InfoAsync(cancellation)).Id;
        }
        catch (Exception exception) when (exception is EngineException or EngineUnreachableException)
        {
            return null;
        }
    }

    /// <summary>Steps under way end first; that the engine is gone ends them, too.</summary>
    private async Task StopAsync(HostReceiveEndpointHandle queue, CancellationToken cancellation)
    {
        Log.Away(logger, engine.Endpoint, _engine!);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(StopTimeout);
        await queue.StopAsync(timeout.Token);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The Docker Engine at {Endpoint} answers, as {Engine}: publishing what it builds")]
        public static partial void Connected(ILogger logger, string endpoint, string engine);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The Docker Engine at {Endpoint} ({Engine}) does not answer: leaving its queue until it does")]
        public static partial void Away(ILogger logger, string endpoint, string engine);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The queue of the Docker Engine could not be begun or left; trying again soon")]
        public static partial void Postponed(ILogger logger, Exception exception);
    }
}
