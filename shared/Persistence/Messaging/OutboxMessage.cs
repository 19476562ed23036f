using System.Text.Json;
using MassTransit;
using MassTransit.Metadata;
using MassTransit.Middleware;
using MassTransit.Serialization;

namespace Paas.Persistence.Messaging;

/// <summary>A message that was decided upon in a transaction and is to be sent after it.</summary>
public sealed class OutboxMessage : OutboxMessageContext
{
    public long SequenceNumber { get; set; }
    public Guid MessageId { get; set; }
    public Guid? ConversationId { get; set; }
    public Guid? CorrelationId { get; set; }
    public Guid? InitiatorId { get; set; }
    public Uri? SourceAddress { get; set; }
    public Uri? DestinationAddress { get; set; }
    public Uri? ResponseAddress { get; set; }
    public Uri? FaultAddress { get; set; }
    public DateTime? SentTime { get; set; }
    public required string ContentType { get; set; }

    /// <summary>The URNs of the types the message can be received as, separated by <c>;</c>.</summary>
    public required string MessageType { get; set; }

    /// <summary>The envelope, as JSON.</summary>
    public required string Body { get; set; }

    /// <summary>The headers, as a JSON object.</summary>
    public required string HeadersJson { get; set; }

    public DateTime CreatedAt { get; set; }

    Guid? MessageContext.MessageId => MessageId;
    public Guid? RequestId => null;
    public DateTime? ExpirationTime => null;
    public HostInfo Host => HostMetadataCache.Host;
    public Headers Headers => new DictionarySendHeaders(
        JsonSerializer.Deserialize<Dictionary<string, string>>(HeadersJson)!.ToDictionary(header => header.Key, header => (object?)header.Value));

    public IReadOnlyDictionary<string, object> Properties { get; } = new Dictionary<string, object>();

    internal static OutboxMessage From<T>(SendContext<T> context, DateTime now)
        where T : class => new()
        {
            MessageId = context.MessageId ?? throw new MessageException(typeof(T), "A message needs an id to go through the outbox."),
            ConversationId = context.ConversationId,
            CorrelationId = context.CorrelationId,
            InitiatorId = context.InitiatorId,
            SourceAddress = context.SourceAddress,
            DestinationAddress = context.DestinationAddress,
            ResponseAddress = context.ResponseAddress,
            FaultAddress = context.FaultAddress,
            SentTime = context.SentTime ?? now,
            ContentType = context.ContentType?.ToString() ?? context.Serialization.DefaultContentType.ToString(),
            MessageType = string.Join(';', context.SupportedMessageTypes),
            Body = context.Serializer.GetMessageBody(context).GetString(),
            HeadersJson = JsonSerializer.Serialize(context.Headers.GetAll().ToDictionary(header => header.Key, header => header.Value?.ToString() ?? "")),
            CreatedAt = now,
        };
}

/// <summary>A message that was consumed, so that it is known when it comes again.</summary>
public sealed class InboxMessage
{
    public Guid MessageId { get; set; }
    public Guid ConsumerId { get; set; }
    public DateTime ConsumedAt { get; set; }
}
