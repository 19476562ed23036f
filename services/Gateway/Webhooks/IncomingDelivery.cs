using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Paas.Gateway.Http;

namespace Paas.Gateway.Webhooks;

/// <summary>What a delivery's headers say.</summary>
internal sealed partial record IncomingDelivery
{
    private static readonly (string Header, string Host)[] OtherHosts =
    [
        ("X-Forgejo-Event", "Forgejo"), ("X-Forgejo-Delivery", "Forgejo"), ("X-Forgejo-Signature", "Forgejo"),
        ("X-Gitea-Event", "Gitea"), ("X-Gitea-Delivery", "Gitea"), ("X-Gitea-Signature", "Gitea"),
        ("X-Gogs-Event", "Gogs"), ("X-Gogs-Delivery", "Gogs"), ("X-Gogs-Signature", "Gogs"),
        ("X-Gitlab-Event", "GitLab"), ("X-Event-Key", "Bitbucket"),
    ];

    public required string Event { get; init; }
    public required string DeliveryId { get; init; }
    public required byte[] Signature { get; init; }
    public required bool IsForm { get; init; }

    /// <summary>The same for the same body signed with the same secret, whatever its id. The event is not signed, so it belongs to it.</summary>
    public string SignatureHash => Convert.ToHexStringLower(SHA256.HashData([.. Encoding.ASCII.GetBytes(Event), 0, .. Signature]));

    /// <exception cref="ProblemException">The headers are not those of a signed delivery of GitHub.</exception>
    public static IncomingDelivery From(HttpRequest request)
    {
        // Gitea and its relatives send GitHub's headers as well, and each those of its ancestors: the youngest is first.
        foreach (var (header, host) in OtherHosts)
        {
            if (request.Headers.ContainsKey(header))
                throw ProblemException.Malformed(GatewayTexts.HostNotSupported(host));
        }

        var @event = Single(request, "X-GitHub-Event", EventPattern());
        var deliveryId = Single(request, "X-GitHub-Delivery", DeliveryIdPattern());
        var signature = Webhooks.Signature.Parse(request.Headers[Webhooks.Signature.Header])
            ?? throw Unauthorized(request.Headers.ContainsKey(Webhooks.Signature.Header) ? GatewayTexts.SignatureMalformed() : GatewayTexts.SignatureMissing());
        var isForm = request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true;
        if (!isForm && request.ContentType is not null && !request.HasJsonContentType())
        {
            throw new ProblemException(
                StatusCodes.Status415UnsupportedMediaType, GatewayTexts.MediaTypeTitle(), GatewayTexts.DeliveryMediaType(request.ContentType));
        }

        return new IncomingDelivery { Event = @event, DeliveryId = deliveryId, Signature = signature, IsForm = isForm };
    }

    public static ProblemException Unauthorized(string detail) =>
        new(StatusCodes.Status401Unauthorized, GatewayTexts.NotVerifiedTitle(), detail);

    private static string Single(HttpRequest request, string header, Regex pattern)
    {
        var values = request.Headers[header];
        if (values.Count == 0)
            throw ProblemException.Malformed(GatewayTexts.HeaderMissing(header));
        return values.Count == 1 && values[0] is { } value && pattern.IsMatch(value)
            ? value
            : throw ProblemException.Malformed(GatewayTexts.HeaderMalformed(header));
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]{0,63}\z")]
    private static partial Regex EventPattern();

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,100}\z")]
    private static partial Regex DeliveryIdPattern();
}
