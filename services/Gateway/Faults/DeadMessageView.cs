using Paas.Contracts.Api;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Secrets;

namespace Paas.Gateway.Faults;

/// <summary>A dead message as the API shows it: without secrets.</summary>
internal static class DeadMessageView
{
    private const int MaxText = 4_000;
    private const int MaxBody = 256 * 1024;

    public static DeadMessageResponse Show(DeadMessage message)
    {
        var (json, text) = message.Body switch
        {
            null => (null, null),
            { Length: > MaxBody } large => (null, SecretMask.OfText(Cut(large))),
            var body => SecretMask.OfBody(body),
        };
        return new DeadMessageResponse
        {
            MessageId = message.Id,
            Queue = message.Queue,
            MessageType = message.MessageType,
            DeploymentId = message.DeploymentId,
            Attempt = message.Attempt,
            DeadSince = message.At,
            ExceptionType = message.ExceptionType,
            Message = message.IsForged ? GatewayTexts.NotSigned() : message.Reason is null ? null : SecretMask.OfText(message.Reason),
            Remade = message.IsRemade,
            Headers = message.Headers.ToDictionary(header => header.Key, header => SecretMask.OfHeader(header.Key, header.Value)),
            Body = json,
            Text = text is null ? null : Cut(text),
        };
    }

    private static string Cut(string text) => text.Length > MaxText ? text[..MaxText] + "…" : text;
}
