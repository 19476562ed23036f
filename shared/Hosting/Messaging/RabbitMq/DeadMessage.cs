using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MassTransit;
using Paas.Hosting.Messaging.Signatures;
using RabbitMQ.Client;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>A message in an error queue or a skipped queue: what can be read of it, which may be nothing.</summary>
public sealed class DeadMessage
{
    /// <summary>Header of a dead message that the platform made anew, because the original was not there.</summary>
    public const string RemadeHeader = "Paas-Remade";

    /// <summary>The message's own id; if none can be read, one that is made from its queue and body, the same at every look.</summary>
    public required Guid Id { get; init; }

    /// <summary>Such as <c>build-image_error</c>.</summary>
    public required string Queue { get; init; }

    /// <summary>The step whose error queue it lies in; null for other queues.</summary>
    public string? Step => DeadQueues.StepOf(Queue);

    public Guid? DeploymentId { get; init; }
    public int? Attempt { get; init; }

    /// <summary>Such as <c>BuildImage</c>, as the sender called it.</summary>
    public string? MessageType { get; init; }

    /// <summary>When it was put there, or if that was not noted, when it was sent.</summary>
    public DateTime? At { get; init; }

    public string? ExceptionType { get; init; }
    public string? Reason { get; init; }
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The whole envelope, if it was asked for.</summary>
    public string? Body { get; private set; }

    /// <summary>Whether it says to be the platform's, and is not: nothing it says is to be believed.</summary>
    public bool IsForged { get; private init; }

    /// <summary>Whether the platform made it from what the saga had recorded.</summary>
    public bool IsRemade => Headers.ContainsKey(RemadeHeader);

    internal ulong Tag { get; init; }

    internal static DeadMessage Read(string queue, BasicGetResult result, MessageKeys? keys, Predicate<DeadMessage> withBody)
    {
        var message = Read(queue, result, keys);
        if (withBody(message))
            message.Body = Encoding.UTF8.GetString(result.Body.Span);
        return message;
    }

    private static DeadMessage Read(string queue, BasicGetResult result, MessageKeys? keys)
    {
        var headers = (result.BasicProperties.Headers ?? new Dictionary<string, object?>())
            .ToDictionary(header => header.Key, header => Show(header.Value), StringComparer.OrdinalIgnoreCase);
        var envelope = ReadEnvelope(result.Body);
        return new DeadMessage
        {
            Id = envelope.Id ?? (Guid.TryParse(result.BasicProperties.MessageId, out var id) ? id : MakeId(queue, result.Body.Span)),
            Queue = queue,
            DeploymentId = envelope.DeploymentId,
            Attempt = envelope.Attempt,
            MessageType = envelope.Type,
            At = ReadTime(headers.GetValueOrDefault(MessageHeaders.FaultTimestamp)) ?? envelope.SentAt,
            ExceptionType = headers.GetValueOrDefault(MessageHeaders.FaultExceptionType),
            Reason = headers.GetValueOrDefault(MessageHeaders.FaultMessage),
            Headers = headers,
            IsForged = keys?.Accepts(result.Body.Span, headers.GetValueOrDefault(MessageKeys.Header)) == false,
            Tag = result.DeliveryTag,
        };
    }

    private static Guid MakeId(string queue, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(queue + "\n"));
        hash.AppendData(body);
        return new Guid(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static Envelope ReadEnvelope(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var type = Member(root, "messageType") is { ValueKind: JsonValueKind.Array } types && types.GetArrayLength() > 0 ? AsText(types[0]) : null;
            var message = Member(root, "message");
            // A fault has the message that faulted in it.
            var about = message is { } said && Member(said, "deploymentId") is null ? Member(said, "message") ?? said : message;
            return new Envelope(
                AsGuid(Member(root, "messageId")),
                about is { } it ? AsGuid(Member(it, "deploymentId")) : null,
                about is { } one && Member(one, "attempt") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var attempt) ? attempt : null,
                type?[(type.LastIndexOf(':') + 1)..],
                ReadTime(AsText(Member(root, "sentTime"))));
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static JsonElement? Member(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        foreach (var member in element.EnumerateObject())
        {
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return member.Value;
        }

        return null;
    }

    private static string? AsText(JsonElement? element) => element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static Guid? AsGuid(JsonElement? element) => Guid.TryParse(AsText(element), out var id) ? id : null;

    private static DateTime? ReadTime(string? text) => DateTime.TryParse(
        text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static string Show(object? value) => value switch
    {
        null => "",
        byte[] text => Encoding.UTF8.GetString(text),
        bool truth => truth ? "true" : "false",
        AmqpTimestamp time => DateTimeOffset.FromUnixTimeSeconds(time.UnixTime).UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        IDictionary table => string.Join(", ", table.Keys.Cast<object>().Select(key => $"{key}={Show(table[key])}")),
        IEnumerable list and not string => string.Join("; ", list.Cast<object?>().Select(Show)),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private readonly record struct Envelope(Guid? Id, Guid? DeploymentId, int? Attempt, string? Type, DateTime? SentAt);
}

/// <summary>The queues that messages end in when nobody could consume them.</summary>
public static class DeadQueues
{
    internal const string Error = "_error";
    internal const string Skipped = "_skipped";

    private static readonly Dictionary<string, string> Steps = Contracts.Step.InOrder.ToDictionary(OfStep);

    /// <summary>All of them, those of the steps first.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Topology.Queues.Select(queue => queue + Error), .. Topology.Queues.Select(queue => queue + Skipped)];

    /// <summary>Where the commands of a step end that have met too many faults.</summary>
    public static string OfStep(string step) => Endpoints.QueueFor(step) + Error;

    /// <summary>For sending to it; the queue has to be there.</summary>
    public static Uri AddressOf(string step) => Endpoints.Address(OfStep(step));

    public static string? StepOf(string queue) => Steps.GetValueOrDefault(queue);

    internal static bool IsOne(string queue) =>
        queue.EndsWith(Error, StringComparison.Ordinal) || queue.EndsWith(Skipped, StringComparison.Ordinal);
}
