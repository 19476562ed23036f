using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Paas.Gateway.Router;

/// <summary>The head of a request as an app gets it: what the visitor sent, byte for byte, but for <see cref="PassedHeaders"/>.</summary>
internal static class RequestHead
{
    public static byte[] Write(HttpContext context, HttpRequestMessage request)
    {
        var from = context.Request;
        var head = new StringBuilder(1_024);
        head.Append(from.Method).Append(' ').Append(Target(context)).Append(" HTTP/1.1\r\nHost: ").Append(from.Headers.Host).Append("\r\n");
        foreach (var (name, values) in from.Headers)
        {
            if (!PassedHeaders.IsPassed(name, from.Headers.Connection))
                continue;
            foreach (var value in values)
                head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        if (from.ContentLength is { } length)
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
        else if (request.Content is not null)
            head.Append("Transfer-Encoding: chunked\r\n");
        // The forwarder has put there what belongs to an upgrade, and the transformer what the platform says itself.
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            foreach (var value in values)
                head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    /// <summary>As the visitor wrote it, without the host of the absolute form.</summary>
    private static string Target(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (target is ['/' or '*', ..])
            return target;
        var scheme = target.IndexOf("://", StringComparison.Ordinal);
        var path = scheme < 0 ? -1 : target.AsSpan(scheme + 3).IndexOfAny('/', '?');
        if (path < 0)
            return "/";
        var rest = target[(scheme + 3 + path)..];
        return rest[0] == '?' ? "/" + rest : rest;
    }
}
