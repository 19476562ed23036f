using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Router;

/// <summary>
/// Keeps this gateway's routes as the others have stored them: by what they say, and by a look at the database from
/// time to time, since what is said while this gateway has no connection is not heard.
/// </summary>
internal sealed partial class RouteWatch(RouteSwitch routes, OtherGateways others, NewsConnection connection, ILogger<RouteWatch> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var asks = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await others.AnnounceAsync(asks, stoppingToken);
                asks = false;
                foreach (var change in await routes.CatchUpAsync(stoppingToken))
                    _ = others.AnswerAsync(change);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Postponed(logger, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                asks |= await connection.WaitAsync(OtherGateways.AliveInterval, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public async Task FollowAsync(RouteChanged message, CancellationToken cancellation)
    {
        if (message.Gateway == others.Self)
            return;
        others.Heard(message.Gateway);
        try
        {
            var drained = await routes.FollowAsync(message.AppId, message.Version, cancellation);
            _ = others.AnswerAsync(new FollowedChange(message.AppId, message.Version, drained));
        }
        catch (Exception exception) when (Http.ProblemHandler.IsStorageFault(exception))
        {
            Log.Postponed(logger, exception); // until the next look at the database
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "What other gateways have changed could not be looked for; it is tried again soon")]
        public static partial void Postponed(ILogger logger, Exception exception);
    }
}

/// <summary>Whether this gateway hears what the others say.</summary>
internal sealed class NewsConnection : IReceiveEndpointObserver, IDisposable
{
    private readonly SemaphoreSlim _connections = new(0);
    private volatile bool _isConnected;

    public bool IsConnected => _isConnected;

    /// <summary>Raised with true when from now on everything is heard, and with false when nothing is.</summary>
    public event Action<bool>? Changed;

    /// <summary>Waits for a connection, or for some time.</summary>
    /// <returns>Whether there is a new connection.</returns>
    public Task<bool> WaitAsync(TimeSpan time, CancellationToken cancellation) => _connections.WaitAsync(time, cancellation);

    public Task Ready(ReceiveEndpointReady ready)
    {
        Change(true);
        _connections.Release();
        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed)
    {
        Change(false);
        return Task.CompletedTask;
    }

    public Task Faulted(ReceiveEndpointFaulted faulted)
    {
        Change(false);
        return Task.CompletedTask;
    }

    public void Dispose() => _connections.Dispose();

    private void Change(bool isConnected)
    {
        _isConnected = isConnected;
        Changed?.Invoke(isConnected);
    }
}

/// <summary>Hears, in every gateway, what the gateways say to each other.</summary>
internal sealed class GatewayNewsConsumer(OtherGateways others, RouteWatch watch) :
    IConsumer<GatewayAlive>, IConsumer<GatewayStopping>, IConsumer<RouteChanged>, IConsumer<RouteDrained>
{
    public Task Consume(ConsumeContext<GatewayAlive> context) => others.HeardAsync(context.Message, context.CancellationToken);

    public Task Consume(ConsumeContext<RouteChanged> context) => watch.FollowAsync(context.Message, context.CancellationToken);

    public Task Consume(ConsumeContext<GatewayStopping> context)
    {
        others.Left(context.Message.Gateway);
        return Task.CompletedTask;
    }

    public Task Consume(ConsumeContext<RouteDrained> context)
    {
        others.Drained(context.Message);
        return Task.CompletedTask;
    }
}

internal sealed class GatewayNewsConsumerDefinition : ConsumerDefinition<GatewayNewsConsumer>
{
    private const int AtATime = 100;

    public GatewayNewsConsumerDefinition() => ConcurrentMessageLimit = AtATime;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<GatewayNewsConsumer> consumerConfigurator, IRegistrationContext context)
    {
        endpointConfigurator.PrefetchCount = AtATime;
        // News are of the moment: nothing of them is kept, and the look at the database makes up for what is lost.
        endpointConfigurator.DiscardFaultedMessages();
        endpointConfigurator.DiscardSkippedMessages();
        endpointConfigurator.ConnectReceiveEndpointObserver(context.GetRequiredService<NewsConnection>());
    }
}

/// <summary>Says goodbye when all requests have ended, and while the bus still carries it.</summary>
internal sealed class Goodbye(IServiceProvider services) : IBusObserver
{
    // Not before: the bus is made with its observers, and the gateways need the bus.
    public Task PreStop(IBus bus) => services.GetRequiredService<OtherGateways>().LeaveAsync();

    public void PostCreate(IBus bus)
    {
    }

    public void CreateFaulted(Exception exception)
    {
    }

    public Task PreStart(IBus bus) => Task.CompletedTask;
    public Task PostStart(IBus bus, Task<BusReady> busReady) => Task.CompletedTask;
    public Task StartFaulted(IBus bus, Exception exception) => Task.CompletedTask;
    public Task PostStop(IBus bus) => Task.CompletedTask;
    public Task StopFaulted(IBus bus, Exception exception) => Task.CompletedTask;
}
