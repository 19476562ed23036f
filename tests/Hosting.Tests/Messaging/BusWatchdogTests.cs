using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Paas.Hosting.Tests.Messaging;

/// <summary>A bus that looks well, beside a broker that answers.</summary>
public sealed class BusWatchdogTests
{
    [Fact]
    public async Task A_process_whose_sends_do_not_get_through_ends_though_its_bus_looks_well()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        await using var broker = await RabbitMqServer.StartNewAsync();
        await using var watched = await Watched.StartAsync(broker.Uri);
        watched.Stuck.Add();

        await watched.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        watched.Clock.Passed.ShouldBeGreaterThan(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task It_goes_on_while_all_gets_through_and_while_the_broker_is_away()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        await using var broker = await RabbitMqServer.StartNewAsync();
        await using var watched = await Watched.StartAsync(broker.Uri);
        await watched.Clock.PassAsync(TimeSpan.FromMinutes(3));

        // What waits for a broker that is away is not stuck, however long it takes.
        broker.Kill();
        watched.Stuck.Add();
        await watched.Clock.PassAsync(TimeSpan.FromMinutes(3));
        watched.Ended.Task.IsCompleted.ShouldBeFalse();

        watched.Stuck.Remove();
        await broker.StartAsync();
        await watched.Clock.PassAsync(TimeSpan.FromMinutes(3));
        watched.Ended.Task.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task It_goes_on_while_the_broker_is_short_of_memory_and_takes_nothing()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        await using var broker = await RabbitMqServer.StartNewAsync();
        await broker.LoseMemoryAsync();
        await using var watched = await Watched.StartAsync(broker.Uri);
        watched.Stuck.Add();

        await watched.Clock.PassAsync(TimeSpan.FromSeconds(70));
        watched.Ended.Task.IsCompleted.ShouldBeFalse();

        // With memory it takes them again, and what still does not get through is stuck.
        await broker.FindMemoryAsync();
        await watched.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_process_that_does_not_take_from_its_queue_ends_and_goes_on_while_it_does()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        await using var broker = await RabbitMqServer.StartNewAsync();
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        await channel.QueueDeclareAsync("resolve-url", durable: true, exclusive: false, autoDelete: false, cancellationToken: TestContext.Current.CancellationToken);
        var consumer = await channel.BasicConsumeAsync("resolve-url", autoAck: true, new AsyncEventingBasicConsumer(channel), TestContext.Current.CancellationToken);
        await using var watched = await Watched.StartAsync(broker.Uri, "resolve-url");
        await watched.Clock.PassAsync(TimeSpan.FromMinutes(4));
        watched.Ended.Task.IsCompleted.ShouldBeFalse();

        await channel.BasicCancelAsync(consumer, cancellationToken: TestContext.Current.CancellationToken);

        await watched.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    private sealed class Watched : IAsyncDisposable
    {
        private readonly ServiceProvider _services = new ServiceCollection().AddMassTransit(bus => bus.UsingInMemory()).BuildServiceProvider();
        private BusWatchdog _watchdog = null!;

        public StuckSends Stuck { get; } = new();
        public QuickClock Clock { get; } = new();
        public TaskCompletionSource Ended { get; } = new();

        public static async Task<Watched> StartAsync(Uri broker, params string[] queues)
        {
            var watched = new Watched();
            var bus = watched._services.GetRequiredService<IBusControl>();
            await bus.StartAsync(TestContext.Current.CancellationToken);
            var readiness = new BusReadiness();
            readiness.Set();
            var options = new RabbitMqOptions { Uri = broker };
            var own = new OwnQueues(options);
            foreach (var queue in queues)
                own.Add(queue);
            watched._watchdog = new BusWatchdog(bus, readiness, watched.Stuck, own, options, watched.Clock, NullLogger<BusWatchdog>.Instance)
            {
                End = () => watched.Ended.TrySetResult(),
                AnswerTimeout = TimeSpan.FromSeconds(1),
            };
            await watched._watchdog.StartAsync(TestContext.Current.CancellationToken);
            return watched;
        }

        public async ValueTask DisposeAsync()
        {
            await _watchdog.StopAsync(CancellationToken.None);
            _watchdog.Dispose();
            await _services.GetRequiredService<IBusControl>().StopAsync(CancellationToken.None);
            await _services.DisposeAsync();
        }
    }

    /// <summary>Each wait takes a moment, and counts as long as it was meant to take.</summary>
    private sealed class QuickClock : TimeProvider
    {
        private long _ticks;

        public TimeSpan Passed => TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(
            seen =>
            {
                Interlocked.Add(ref _ticks, dueTime.Ticks);
                callback(seen);
            },
            state, TimeSpan.FromMilliseconds(1), period);

        public async Task PassAsync(TimeSpan time)
        {
            var until = Passed + time;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
            while (Passed < until)
                await Task.Delay(10, limit.Token);
        }
    }
}
