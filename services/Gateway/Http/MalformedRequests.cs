using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Paas.Gateway.Router;

namespace Paas.Gateway.Http;

/// <summary>Refuses what the server lets through and nothing behind it could make sense of, app or platform.</summary>
internal sealed partial class MalformedRequests(ILogger<MalformedRequests> logger)
{
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (HttpMethods.IsConnect(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
            return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, GatewayTexts.NoProxyTitle(), GatewayTexts.NoProxy());
        }

        if (!HasValidPort(request.Host.Value))
            return RefuseAsync(context, StatusCodes.Status400BadRequest, GatewayTexts.MalformedTitle(), GatewayTexts.HostMalformed(request.Host.Value!));
        if (request.Headers.TransferEncoding is { Count: > 0 } coding && !(coding is [var one] && string.Equals(one, "chunked", StringComparison.OrdinalIgnoreCase)))
            return RefuseAsync(context, StatusCodes.Status501NotImplemented, GatewayTexts.MalformedTitle(), GatewayTexts.TransferCodingUnknown());
        return next(context);
    }

    public Task RefuseAsync(HttpContext context, int status, string title, string text)
    {
        var (method, target) = (GatewayTexts.Shorten(context.Request.Method), GatewayTexts.Shorten(context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? ""));
        Log.Refused(logger, method, target, context.Connection.RemoteIpAddress, status, text);
        return RouterPages.WriteAsync(context, status, title, text);
    }

    private static bool HasValidPort(string? host)
    {
        var colon = host?.LastIndexOf(':') ?? -1;
        return colon < 0 || host!.IndexOf(']', colon) >= 0 || colon == host.Length - 1
            || ushort.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Refused {Method} {Target} from {Address} with {Status}: {Reason}")]
        public static partial void Refused(ILogger logger, string method, string target, System.Net.IPAddress? address, int status, string reason);
    }
}
