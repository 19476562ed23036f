using System.Collections.Concurrent;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>The durable queues that this process takes messages from.</summary>
internal sealed class OwnQueues(RabbitMqOptions broker)
{
    private readonly ConcurrentDictionary<string, bool> _names = new();

    public void Add(string name) => _names[name] = true;

    /// <summary>One of them from which nobody takes anything, this process included; null if there is none.</summary>
    /// <exception cref="BrokerUnreachableException">The broker is away.</exception>
    public async Task<string?> FindUnheardAsync(CancellationToken cancellation)
    {
        if (_names.IsEmpty)
            return null;
        await using var connection = await new ConnectionFactory { Uri = broker.Uri, AutomaticRecoveryEnabled = false }.CreateConnectionAsync(cancellation);
        foreach (var name in _names.Keys)
        {
            // A queue that is not there closes its channel.
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
            try
            {
                if ((await channel.QueueDeclarePassiveAsync(name, cancellation)).ConsumerCount == 0)
                    return name;
            }
            catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
            {
                return name;
            }
        }

        return null;
    }
}
