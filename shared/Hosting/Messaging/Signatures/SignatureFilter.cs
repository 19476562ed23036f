using MassTransit;
using Microsoft.Extensions.Logging;

namespace Paas.Hosting.Messaging.Signatures;

/// <summary>
/// Lets only the platform's own messages get to any consumer. Others, and requests that nobody waits for any more, are
/// told in the log and set aside in the queue of skipped messages.
/// </summary>
internal sealed partial class SignatureFilter(MessageKeys keys, TimeProvider clock, ILogger<SignatureFilter> logger) : IFilter<ConsumeContext>
{
    /// <summary>What the clocks of two machines may differ by.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    public Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        var received = context.ReceiveContext;
        var signature = received.TransportHeaders.Get<string>(MessageKeys.Header);
        if (!keys.Accepts(received.Body.GetBytes(), signature))
            LogForged(received.InputAddress.AbsolutePath.Trim('/'), TypeOf(context), context.MessageId, signature is null ? "has no signature" : "has a wrong signature");
        else if (context.ExpirationTime is { } expires && expires.ToUniversalTime() + Tolerance < clock.GetUtcNow().UtcDateTime)
            LogExpired(received.InputAddress.AbsolutePath.Trim('/'), TypeOf(context), context.MessageId, expires);
        else
            return next.Send(context);
        // Neither consumed nor faulted: so it is skipped.
        return Task.CompletedTask;
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("signature");

    private static string TypeOf(ConsumeContext context) => context.SupportedMessageTypes.FirstOrDefault() is { } urn ? urn[(urn.LastIndexOf(':') + 1)..] : "";

    [LoggerMessage(LogLevel.Warning, "A message in {Queue} is not the platform's: {MessageType} {MessageId} {Problem}. Nothing was done about it, and it is set aside. Somebody has the broker's password, or another service has another Paas__MessageKey.")]
    private partial void LogForged(string queue, string messageType, Guid? messageId, string problem);

    [LoggerMessage(LogLevel.Warning, "A message in {Queue} came too late: nobody has waited for {MessageType} {MessageId} since {Expiration:O}. Nothing was done about it, and it is set aside.")]
    private partial void LogExpired(string queue, string messageType, Guid? messageId, DateTime expiration);
}
