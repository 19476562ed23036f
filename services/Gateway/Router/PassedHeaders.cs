using System.Collections.Frozen;
using Microsoft.Extensions.Primitives;

namespace Paas.Gateway.Router;

/// <summary>
/// Which headers of a visitor an app sees, and which of an app's a visitor: all of them but those that belong to the
/// connection, and those by which a visitor would speak in the platform's name. docs/router.md lists them for people.
/// </summary>
internal static class PassedHeaders
{
    /// <summary>Each side of the router has its own connection, and frames its own bodies.</summary>
    private static readonly FrozenSet<string> OfConnection = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade");

    /// <summary>Apps and their frameworks believe these to be from a proxy; a name with a hyphen at its end stands for all that begin with it.</summary>
    private static readonly string[] OfPlatform =
    [
        "forwarded", "x-forwarded", "x-forwarded-", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-remote-ip", "x-remote-addr", "x-remote-user",
        "remote-addr", "remote-user", "true-client-ip", "cf-connecting-ip", "fastly-client-ip", "x-appengine-", "x-envoy-", "x-original-", "x-rewrite-url",
        "x-scheme", "x-url-scheme", "x-host", "x-proxyuser-ip", "front-end-https", "proxy", "paas-",
    ];

    /// <summary>
    /// Whether the app sees a visitor's header. Servers make one name of <c>X-Forwarded-For</c> and <c>X_Forwarded_For</c>,
    /// or of anything that is neither letter nor digit, so for the platform they are one as well.
    /// </summary>
    public static bool IsPassed(string name, StringValues connection)
    {
        var plain = Plain(name);
        return !OfConnection.Contains(plain)
            && !OfPlatform.Any(owned => owned[^1] == '-' ? plain.StartsWith(owned, StringComparison.Ordinal) : plain == owned)
            && !IsNamedBy(connection, name);
    }

    /// <summary>Whether the visitor sees an app's header.</summary>
    public static bool IsAnswered(string name, string value, AppAnswer answer) =>
        (name.Equals("content-length", StringComparison.OrdinalIgnoreCase) ? IsLength(value, answer) : !OfConnection.Contains(name))
        && !name.Equals(ReleaseTransformer.ReleaseHeader, StringComparison.OrdinalIgnoreCase)
        && !answer.ConnectionTokens.Contains(name);

    private static bool IsLength(string value, AppAnswer answer) =>
        answer.Status is not (101 or 204 or 205) && !answer.HasTransferCoding && value.Length > 0;

    private static bool IsNamedBy(StringValues connection, string name)
    {
        foreach (var value in connection)
        {
            if (value is not null && value.Split(',').Any(part => part.Trim().Equals(name, StringComparison.OrdinalIgnoreCase)))
                return true;
        }

        return false;
    }

    private static string Plain(string name) => string.Create(name.Length, name, (into, from) =>
    {
        for (var i = 0; i < into.Length; i++)
            into[i] = char.IsAsciiLetterOrDigit(from[i]) ? char.ToLowerInvariant(from[i]) : '-';
    });
}
