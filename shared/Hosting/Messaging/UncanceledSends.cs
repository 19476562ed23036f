using MassTransit;

namespace Paas.Hosting.Messaging;

/// <summary>Sends by the bus for which somebody waits only for some time.</summary>
/// <remarks>
/// What ends is the wait, never the send. A send declares the exchange it goes to, and RabbitMQ.Client counts the answer
/// to a declaration that was canceled as one to come: it drops the answer to the next one on that channel instead, whose
/// sender then gives up as well, and so on: nothing is ever sent by that channel again
/// (https://github.com/rabbitmq/rabbitmq-dotnet-client/issues/1964). A send that nobody waits for any more waits for the
/// broker by itself.
/// </remarks>
public static class UncanceledSends
{
    /// <summary>How much longer than whoever asks the request itself lasts: when its time is over, the library cancels its send.</summary>
    private static readonly TimeSpan RequestGrace = TimeSpan.FromMinutes(1);

    /// <summary>Publishes a message, and waits until the broker has it.</summary>
    /// <exception cref="OperationCanceledException">It did not get through so far, and may later.</exception>
    public static Task PublishUncanceledAsync<T>(this IBus bus, T message, CancellationToken cancellation)
        where T : class => bus.Publish(message, CancellationToken.None).WaitAsync(cancellation);

    /// <inheritdoc cref="PublishUncanceledAsync{T}(IBus, T, CancellationToken)"/>
    public static Task PublishUncanceledAsync(this IBus bus, object message, Type type, CancellationToken cancellation) =>
        bus.Publish(message, type, CancellationToken.None).WaitAsync(cancellation);

    /// <summary>Sends a message to a queue, and waits until the broker has it.</summary>
    /// <exception cref="OperationCanceledException">It did not get through so far, and may later.</exception>
    public static async Task SendUncanceledAsync<T>(this IBus bus, Uri address, T message, IPipe<SendContext<T>> pipe, CancellationToken cancellation)
        where T : class
    {
        var endpoint = await bus.GetSendEndpoint(address);
        await endpoint.Send(message, pipe, CancellationToken.None).WaitAsync(cancellation);
    }

    /// <inheritdoc cref="SendUncanceledAsync{T}(IBus, Uri, T, IPipe{SendContext{T}}, CancellationToken)"/>
    public static async Task SendUncanceledAsync(
        this IBus bus, Uri address, object message, Type type, CancellationToken cancellation, Action<SendContext>? change = null)
    {
        var endpoint = await bus.GetSendEndpoint(address);
        await endpoint.Send(message, type, Pipe.Execute<SendContext>(context => change?.Invoke(context)), CancellationToken.None).WaitAsync(cancellation);
    }

    /// <summary>Asks whoever receives from a queue, and waits for the answer.</summary>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits for it any more.</exception>
    public static async Task<TAnswer> AskAsync<TQuestion, TAnswer>(
        this IBus bus, Uri address, TQuestion question, TimeSpan limit, CancellationToken cancellation)
        where TQuestion : class
        where TAnswer : class
    {
        var client = bus.CreateRequestClient<TQuestion>(address, RequestTimeout.After(ms: (int)(limit + RequestGrace).TotalMilliseconds));
        return (await client.GetResponse<TAnswer>(question, CancellationToken.None).WaitAsync(limit, cancellation)).Message;
    }
}
