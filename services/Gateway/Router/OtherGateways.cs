using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Router;

/// <summary>
/// The gateways besides this one, as far as they were heard lately, and who of them still has requests on instances
/// that a route has left. Only elapsed time of this process counts, nobody's clock.
/// </summary>
internal sealed partial class OtherGateways
{
    public static readonly TimeSpan AliveInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AliveFor = TimeSpan.FromSeconds(30);

    /// <summary>How long after a question everybody has had time to answer it.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MaxKnowingTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, long> _heardAt = [];
    private readonly List<Expectation> _expectations = [];
    private TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IBus _bus;
    private readonly NewsConnection _connection;
    private readonly TimeProvider _clock;
    private readonly ILogger<OtherGateways> _logger;
    private volatile bool _isLeaving;

    public OtherGateways(IBus bus, NewsConnection connection, TimeProvider clock, ILogger<OtherGateways> logger)
    {
        (_bus, _connection, _clock, _logger) = (bus, connection, clock, logger);
        connection.Changed += isConnected =>
        {
            if (isConnected)
                Connected();
            else
                Disconnected();
        };
    }

    public Guid Self { get; } = NewId.NextGuid();

    /// <summary>How many others there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return Alive().Count;
        }
    }

    /// <summary>Says that this gateway is there.</summary>
    /// <param name="asks">Whether the others should say so as well, at once.</param>
    /// <param name="cancellation">Cancels the sending.</param>
    public Task AnnounceAsync(bool asks, CancellationToken cancellation) =>
        _connection.IsConnected && !_isLeaving ? PublishAsync(new GatewayAlive { Gateway = Self, Asks = asks }, cancellation) : Task.CompletedTask;

    /// <summary>Says that this gateway ends.</summary>
    public async Task LeaveAsync()
    {
        _isLeaving = true;
        if (_connection.IsConnected)
            await TryPublishAsync(new GatewayStopping { Gateway = Self });
    }

    public async Task HeardAsync(GatewayAlive message, CancellationToken cancellation)
    {
        if (message.Gateway == Self)
        {
            // The question has gone round: who is there answers now.
            if (message.Asks)
                _ = KnowSoonAsync();
            return;
        }

        Heard(message.Gateway);
        if (message.Asks)
            await AnnounceAsync(asks: false, cancellation);
    }

    public void Heard(Guid gateway)
    {
        bool isNew;
        lock (_lock)
        {
            isNew = !_heardAt.ContainsKey(gateway);
            _heardAt[gateway] = _clock.GetTimestamp();
        }

        if (isNew)
            Log.Joined(_logger, gateway);
    }

    public void Left(Guid gateway)
    {
        lock (_lock)
        {
            if (!_heardAt.Remove(gateway))
                return;
            foreach (var expectation in _expectations)
                expectation.Remove(gateway);
        }

        Log.Left(_logger, gateway);
    }

    public void Drained(RouteDrained message)
    {
        lock (_lock)
        {
            foreach (var expectation in _expectations.Where(expectation => expectation.AppId == message.AppId && expectation.Version <= message.Version))
                expectation.Remove(message.Gateway);
        }
    }

    /// <summary>Waits until it is known who is there: just after the start, or after a loss of the broker, it is not.</summary>
    public async Task KnownAsync(CancellationToken cancellation)
    {
        Task known;
        lock (_lock)
            known = _known.Task;
        if (!known.IsCompleted)
            await Task.WhenAny(known, Task.Delay(MaxKnowingTime, _clock, cancellation));
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Begins to wait for all others to follow a change. Before <see cref="TellAsync"/>, so that no answer is missed.</summary>
    public Expectation Expect(Guid appId, long version)
    {
        lock (_lock)
        {
            var expectation = new Expectation(this, appId, version, Alive());
            _expectations.Add(expectation);
            return expectation;
        }
    }

    public Task TellAsync(Guid appId, long version, CancellationToken cancellation) =>
        PublishAsync(new RouteChanged { Gateway = Self, AppId = appId, Version = version }, cancellation);

    /// <summary>Tells the others if the broker is there. They see the change themselves if not, a little later.</summary>
    public void TryTell(Guid appId, long version) => _ = TryPublishAsync(new RouteChanged { Gateway = Self, AppId = appId, Version = version });

    /// <summary>Tells the others once nothing is under way any more on what the route had before.</summary>
    public async Task AnswerAsync(FollowedChange change)
    {
        await change.Drained;
        await TryPublishAsync(new RouteDrained { Gateway = Self, AppId = change.AppId, Version = change.Version });
    }

    private void Connected()
    {
        lock (_lock)
        {
            // Nobody could be heard meanwhile.
            foreach (var gateway in _heardAt.Keys.ToList())
                _heardAt[gateway] = _clock.GetTimestamp();
        }
    }

    private void Disconnected()
    {
        lock (_lock)
        {
            if (_known.Task.IsCompleted)
                _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private async Task KnowSoonAsync()
    {
        await Task.Delay(AnswerTime, _clock);
        lock (_lock)
        {
            if (_connection.IsConnected)
                _known.TrySetResult();
        }
    }

    private HashSet<Guid> Alive()
    {
        // Without a connection nobody is heard, however well they are.
        foreach (var gateway in _heardAt.Where(gateway => _connection.IsConnected && _clock.GetElapsedTime(gateway.Value) > AliveFor).Select(gateway => gateway.Key).ToList())
        {
            _heardAt.Remove(gateway);
            Log.Lost(_logger, gateway, AliveFor);
        }

        return [.. _heardAt.Keys];
    }

    private async Task TryPublishAsync<T>(T message)
        where T : class
    {
        try
        {
            await PublishAsync(message, CancellationToken.None);
        }
        catch (Exception exception)
        {
            Log.NotSaid(_logger, exception, typeof(T).Name);
        }
    }

    /// <summary>A broker that is away would be waited for, for ever.</summary>
    private async Task PublishAsync<T>(T message, CancellationToken cancellation)
        where T : class
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(SendTimeout);
        await _bus.PublishUncanceledAsync(message, timeout.Token);
    }

    /// <summary>Who has not yet followed a change of a route.</summary>
    public sealed class Expectation(OtherGateways all, Guid appId, long version, HashSet<Guid> waitedFor) : IDisposable
    {
        private readonly TaskCompletionSource _drained = Begin(waitedFor);

        public Guid AppId { get; } = appId;
        public long Version { get; } = version;

        /// <summary>Ends when all have, or have left.</summary>
        public Task Drained => _drained.Task;

        public void Remove(Guid gateway)
        {
            waitedFor.Remove(gateway);
            if (waitedFor.Count == 0)
                _drained.TrySetResult();
        }

        public void Dispose()
        {
            lock (all._lock)
                all._expectations.Remove(this);
        }

        private static TaskCompletionSource Begin(HashSet<Guid> waitedFor)
        {
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (waitedFor.Count == 0)
                source.SetResult();
            return source;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "There is another gateway, {Gateway}")]
        public static partial void Joined(ILogger logger, Guid gateway);

        [LoggerMessage(Level = LogLevel.Information, Message = "The gateway {Gateway} ends")]
        public static partial void Left(ILogger logger, Guid gateway);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The gateway {Gateway} was not heard for {Time}, and is not waited for any more")]
        public static partial void Lost(ILogger logger, Guid gateway, TimeSpan time);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The other gateways could not be sent {Message}; they see it themselves a little later")]
        public static partial void NotSaid(ILogger logger, Exception exception, string message);
    }
}
