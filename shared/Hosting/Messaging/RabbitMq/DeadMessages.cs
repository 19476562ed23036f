using System.Net.Sockets;
using Paas.Hosting.Messaging.Signatures;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>
/// Looks into error queues. What is looked at is held, and goes back where it was when the look ends, also if this
/// process or the broker dies: only what is removed is gone. Meanwhile nobody else sees it, so one look at a time is
/// made in a process, and several processes agree on a lock of the database, <see cref="Lock"/>.
/// </summary>
public sealed class DeadMessages : IDisposable
{
    /// <summary>The name of the lock that whoever looks holds meanwhile.</summary>
    public const string Lock = "dead-messages";

    private readonly ConnectionFactory _factory;
    private readonly SemaphoreSlim _turn = new(1);

    private readonly MessageKeys? _keys;

    internal DeadMessages(RabbitMqOptions broker, MessageKeys? keys)
    {
        _keys = keys;
        _factory = new ConnectionFactory
        {
            Uri = broker.Uri,
            ClientProvidedName = "dead messages",
            AutomaticRecoveryEnabled = false,
            RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
            ContinuationTimeout = TimeSpan.FromSeconds(10),
        };
    }

    /// <summary>Makes the error queues of all steps that are not there yet, as a worker does at its first fault.</summary>
    /// <returns>How many messages each has.</returns>
    /// <exception cref="BrokerAwayException">The broker does not answer.</exception>
    public Task<IReadOnlyDictionary<string, uint>> CountStepsAsync(CancellationToken cancellation) => AskAsync(async () =>
    {
        await using var connection = await _factory.CreateConnectionAsync(cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        var counts = new Dictionary<string, uint>();
        foreach (var queue in Contracts.Step.InOrder.Select(DeadQueues.OfStep))
            counts[queue] = (await QueueDeclarer.DeclareAsync(channel, queue, WaitQueues.DurableArguments(), cancellation)).MessageCount;
        return (IReadOnlyDictionary<string, uint>)counts;
    }, cancellation);

    /// <param name="queues">Some of <see cref="DeadQueues.All"/>; one that is not there has no messages.</param>
    /// <param name="withBody">Whether to keep a message's body, which may be large.</param>
    /// <param name="cancellation">Ends the look.</param>
    /// <exception cref="BrokerAwayException">The broker does not answer.</exception>
    public async Task<DeadLook> LookAsync(IEnumerable<string> queues, Predicate<DeadMessage> withBody, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        var look = new DeadLook(_keys, () => _turn.Release());
        try
        {
            await AskAsync(async () =>
            {
                await look.ReadAsync(await _factory.CreateConnectionAsync(cancellation), queues, withBody, cancellation);
                return true;
            }, cancellation);
            return look;
        }
        catch
        {
            await look.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _turn.Dispose();

    internal static async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask();
        }
        catch (Exception exception) when (exception is RabbitMQClientException or IOException or SocketException or TimeoutException)
        {
            throw new BrokerAwayException(exception);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new BrokerAwayException(exception); // it took too long
        }
    }
}

/// <summary>The broker does not answer, or broke off.</summary>
public sealed class BrokerAwayException(Exception inner) : Exception($"RabbitMQ does not answer: {inner.GetBaseException().Message}", inner);

/// <summary>Messages that are held for as long as they are looked at.</summary>
public sealed class DeadLook : IAsyncDisposable
{
    /// <summary>What is held of one queue at once.</summary>
    private const int MostMessages = 20_000;

    private const int GivenBackAtOnce = 12;
    private const int MostLooks = 100;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(2);

    private readonly List<DeadMessage> _messages = [];
    private readonly Action _ended;
    private IConnection? _connection;
    private IChannel? _channel;

    private readonly MessageKeys? _keys;

    internal DeadLook(MessageKeys? keys, Action ended) => (_keys, _ended) = (keys, ended);

    public IReadOnlyList<DeadMessage> Messages => _messages;

    /// <summary>Whether all messages of all queues asked for are here.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Removes messages for good. A crash of the broker may bring some back, but never takes others.</summary>
    /// <exception cref="BrokerAwayException">The broker broke off; some may still be there.</exception>
    public Task RemoveAsync(IReadOnlyCollection<DeadMessage> messages, CancellationToken cancellation) => DeadMessages.AskAsync(async () =>
    {
        foreach (var message in messages)
        {
            await _channel!.BasicAckAsync(message.Tag, multiple: false, cancellation);
            _messages.Remove(message);
        }

        // An acknowledgement has no answer; one that the broker gives after it says that it was read.
        if (messages.Count > 0)
            await _channel!.QueueDeclarePassiveAsync(messages.First().Queue, cancellation);
        return true;
    }, cancellation);

    internal async Task ReadAsync(IConnection connection, IEnumerable<string> queues, Predicate<DeadMessage> withBody, CancellationToken cancellation)
    {
        _connection = connection;
        _channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        foreach (var queue in queues)
        {
            if (!await ExistsAsync(connection, queue, cancellation))
                continue;
            for (var seen = 0; ; seen++)
            {
                if (await _channel.BasicGetAsync(queue, autoAck: false, cancellation) is not { } result)
                    break;
                if (seen == MostMessages)
                {
                    IsWhole = false;
                    break;
                }

                _messages.Add(DeadMessage.Read(queue, result, _keys, withBody));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_channel is { IsOpen: true })
                await GiveBackAsync(_channel);
            if (_channel is not null)
                await _channel.DisposeAsync();
            if (_connection is not null)
                await _connection.DisposeAsync();
        }
        catch (Exception exception) when (exception is RabbitMQClientException or IOException or SocketException or TimeoutException)
        {
            // The broker is gone, and gives everything back by itself.
        }
        finally
        {
            _ended();
        }
    }

    /// <summary>
    /// Gives back what was not removed, in its order. Closing the channel would do it in none, and so does the broker with
    /// more than 32 commands under way to a queue: it is waited for until what is given back is there.
    /// </summary>
    private async Task GiveBackAsync(IChannel channel)
    {
        foreach (var queue in _messages.GroupBy(message => message.Queue))
        {
            var there = await channel.MessageCountAsync(queue.Key);
            // The first one alone: when it is there, so is all that was removed before.
            foreach (var some in queue.Skip(1).Chunk(GivenBackAtOnce).Prepend([queue.First()]))
            {
                await channel.BasicNackAsync(some[^1].Tag, multiple: true, requeue: true);
                there += (uint)some.Length;
                for (var look = 0; look < MostLooks && await channel.MessageCountAsync(queue.Key) < there; look++)
                    await Task.Delay(LookInterval);
            }
        }
    }

    // On a channel of its own: asking for a queue that is not there closes it.
    private static async Task<bool> ExistsAsync(IConnection connection, string queue, CancellationToken cancellation)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        try
        {
            await channel.QueueDeclarePassiveAsync(queue, cancellation);
            return true;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return false;
        }
    }
}
