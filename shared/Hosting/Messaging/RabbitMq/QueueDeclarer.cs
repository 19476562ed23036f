using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Steps;
using RabbitMQ.Client;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>
/// Declares all queues, and who hears which events, before this process sends or consumes anything. Waits for the
/// broker for as long as it takes; the process does its other work meanwhile.
/// </summary>
internal sealed partial class QueueDeclarer(
    RabbitMqOptions broker, StepPolicies policies, BusReadiness readiness, IHostApplicationLifetime lifetime, TimeProvider clock,
    ILogger<QueueDeclarer> logger) : IBusObserver
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    public async Task PreStart(IBus bus)
    {
        while (true)
        {
            try
            {
                await DeclareAsync(lifetime.ApplicationStopping);
                readiness.Set();
                return;
            }
            catch (Exception exception) when (!lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // Whatever it is: without its queues the process can do nothing but try again.
                Log.Waiting(logger, exception.GetBaseException().Message);
            }

            await Task.Delay(RetryDelay, clock, lifetime.ApplicationStopping);
        }
    }

    private async Task DeclareAsync(CancellationToken cancellation)
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        var commands = Step.InOrder.Select(step => (Queue: Endpoints.QueueFor(step), Policy: policies[step]))
            .Append((Endpoints.RemoveAppQueue, policies[Step.DeployRelease]));
        foreach (var (queue, policy) in commands)
        {
            await DeclareAsync(channel, queue, WaitQueues.DurableArguments(), cancellation);
            foreach (var delay in policy.Redelivery.Distinct())
                await DeclareAsync(channel, WaitQueues.NameOf(queue, delay), WaitQueues.WaitArguments(queue, delay), cancellation);
        }

        var publish = Endpoints.QueueFor(Step.PublishImage);
        await DeclareAsync(
            channel, WaitQueues.NameOf(publish, EngineQueues.LookInterval), WaitQueues.WaitArguments(publish, EngineQueues.LookInterval), cancellation);

        foreach (var queue in Topology.Receivers)
            await DeclareAsync(channel, queue, WaitQueues.DurableArguments(), cancellation);
        foreach (var (queue, events) in Topology.Listeners)
        {
            await DeclareAsync(channel, queue, WaitQueues.DurableArguments(), cancellation);
            foreach (var message in events)
                await BindAsync(channel, Topology.ExchangeOf(message), queue, cancellation);
        }
    }

    /// <summary>The queue and, as MassTransit has it, a fanout exchange of the same name.</summary>
    internal static async Task<QueueDeclareOk> DeclareAsync(
        IChannel channel, string name, Dictionary<string, object?> arguments, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, cancellationToken: cancellation);
        var queue = await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellation);
        await channel.QueueBindAsync(name, name, "", cancellationToken: cancellation);
        return queue;
    }

    private static async Task BindAsync(IChannel channel, string source, string destination, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(source, ExchangeType.Fanout, durable: true, cancellationToken: cancellation);
        await channel.ExchangeBindAsync(destination, source, "", cancellationToken: cancellation);
    }

    public void PostCreate(IBus bus)
    {
    }

    public void CreateFaulted(Exception exception)
    {
    }

    public Task PostStart(IBus bus, Task<BusReady> busReady) => Task.CompletedTask;
    public Task StartFaulted(IBus bus, Exception exception) => Task.CompletedTask;
    public Task PreStop(IBus bus) => Task.CompletedTask;
    public Task PostStop(IBus bus) => Task.CompletedTask;
    public Task StopFaulted(IBus bus, Exception exception) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "RabbitMQ can't be used yet: {Reason}")]
        public static partial void Waiting(ILogger logger, string reason);
    }
}
