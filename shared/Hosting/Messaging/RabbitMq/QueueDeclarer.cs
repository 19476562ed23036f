using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Steps;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>
/// Declares the queues of all steps and their wait queues before this process sends anything: what is sent to an
/// exchange without a queue is gone. Waits for the broker for as long as it takes.
/// </summary>
internal sealed partial class QueueDeclarer(Uri broker, StepPolicies policies, ILogger<QueueDeclarer> logger) : IHostedService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await DeclareAsync(cancellationToken);
                return;
            }
            catch (BrokerUnreachableException exception)
            {
                Log.Waiting(logger, exception.Message);
            }

            await Task.Delay(RetryDelay, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task DeclareAsync(CancellationToken cancellation)
    {
        await using var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync(cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        var commands = Step.InOrder.Select(step => (Queue: Endpoints.QueueFor(step), Policy: policies[step]))
            .Append((Endpoints.RemoveAppQueue, policies[Step.DeployRelease]));
        foreach (var (queue, policy) in commands)
        {
            await DeclareAsync(channel, queue, WaitQueues.DurableArguments(), cancellation);
            foreach (var delay in policy.Redelivery.Distinct())
                await DeclareAsync(channel, WaitQueues.NameOf(queue, delay), WaitQueues.WaitArguments(queue, delay), cancellation);
        }
    }

    /// <summary>The queue and, as MassTransit has it, a fanout exchange of the same name.</summary>
    private static async Task DeclareAsync(IChannel channel, string name, Dictionary<string, object?> arguments, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, cancellationToken: cancellation);
        await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellation);
        await channel.QueueBindAsync(name, name, "", cancellationToken: cancellation);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "RabbitMQ can't be reached yet: {Reason}")]
        public static partial void Waiting(ILogger logger, string reason);
    }
}
