using System.Net.Mime;
using MassTransit;
using MassTransit.Serialization;

namespace Paas.Hosting.Messaging.Signatures;

/// <summary>Signs what another serializer has made of a message.</summary>
internal sealed class SigningSerializer(IMessageSerializer inner, MessageKeys keys) : IMessageSerializer
{
    public ContentType ContentType => inner.ContentType;

    /// <summary>Has a message signed when it is serialized.</summary>
    public static void Use(SendContext context, MessageKeys keys)
    {
        if (context.Serializer is not SigningSerializer)
            context.Serializer = new SigningSerializer(context.Serializer, keys);
    }

    public MessageBody GetMessageBody<T>(SendContext<T> context)
        where T : class
    {
        // One that is passed on brings that of the message it was.
        context.Headers.Set(MessageKeys.Header, (string?)null);
        var body = inner.GetMessageBody(context).GetBytes();
        context.Headers.Set(MessageKeys.Header, keys.Sign(body));
        return new BytesMessageBody(body);
    }
}
