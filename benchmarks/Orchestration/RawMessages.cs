using System.Diagnostics;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Paas.Bench.Orchestration;

/// <summary>
/// The anchor: as many messages as the deployments need, of the same size, through quorum queues, each confirmed to
/// its publisher and acknowledged by its consumer, and nothing done with them.
/// </summary>
internal static class RawMessages
{
    private const int BodyBytes = 1_500;
    private const int Queues = 8;
    private const ushort Outstanding = 16;

    /// <returns>Messages per second.</returns>
    public static async Task<double> RunAsync(Uri broker, int messages)
    {
        await using var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync();
        var each = messages / Queues;
        var queues = Enumerable.Range(0, Queues).Select(queue => $"raw-{queue}").ToList();
        await using (var channel = await connection.CreateChannelAsync())
        {
            foreach (var queue in queues)
                await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        }

        var begun = Stopwatch.StartNew();
        await Task.WhenAll(queues.SelectMany(queue => new[] { PublishAsync(connection, queue, each), ConsumeAsync(connection, queue, each) }));
        return each * Queues / begun.Elapsed.TotalSeconds;
    }

    private static async Task PublishAsync(IConnection connection, string queue, int count)
    {
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        var body = new byte[BodyBytes];
        var properties = new BasicProperties { Persistent = true };
        using var window = new SemaphoreSlim(Outstanding);
        var confirmations = new List<Task>(count);
        for (var i = 0; i < count; i++)
        {
            await window.WaitAsync();
            confirmations.Add(PublishOneAsync());
        }

        await Task.WhenAll(confirmations);

        async Task PublishOneAsync()
        {
            try
            {
                await channel.BasicPublishAsync("", queue, mandatory: true, properties, body);
            }
            finally
            {
                window.Release();
            }
        }
    }

    private static async Task ConsumeAsync(IConnection connection, string queue, int count)
    {
        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicQosAsync(0, Outstanding, global: false);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var consumed = 0;
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, message) =>
        {
            await channel.BasicAckAsync(message.DeliveryTag, multiple: false);
            if (++consumed == count)
                all.SetResult();
        };
        await channel.BasicConsumeAsync(queue, autoAck: false, consumer);
        await all.Task;
    }
}
