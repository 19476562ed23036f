using MassTransit;

namespace Paas.Hosting.Messaging.Signatures;

/// <summary>
/// Has every message signed that this process sends to an address, whoever does it: a consumer, the outbox, the library
/// itself. It comes last, after the outbox has said how its message is serialized. What is published it does not see.
/// </summary>
internal sealed class SigningObserver(MessageKeys keys) : ISendObserver
{
    public Task PreSend<T>(SendContext<T> context)
        where T : class
    {
        SigningSerializer.Use(context, keys);
        return Task.CompletedTask;
    }

    public Task PostSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;
}
