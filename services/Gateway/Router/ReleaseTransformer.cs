using System.Globalization;
using System.Net;
using Yarp.ReverseProxy.Forwarder;

namespace Paas.Gateway.Router;

/// <summary>
/// Passes a request on as it came, with the host the visitor asked for, and says which release has answered. What a
/// visitor says about where a request came from is not believed.
/// </summary>
internal sealed class ReleaseTransformer(int release) : HttpTransformer
{
    public const string ReleaseHeader = "Paas-Release";

    private static readonly string[] NotBelieved =
        ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-IP"];

    private readonly string _release = string.Create(CultureInfo.InvariantCulture, $"v{release}");

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        foreach (var header in NotBelieved)
            proxyRequest.Headers.Remove(header);
        var request = httpContext.Request;
        proxyRequest.Headers.Host = request.Host.Value;
        if (httpContext.Connection.RemoteIpAddress is { } address)
            proxyRequest.Headers.Add("X-Forwarded-For", (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Host", request.Host.Value);
        proxyRequest.Headers.Add("X-Forwarded-Proto", request.Scheme);
        proxyRequest.Headers.Add("X-Forwarded-Port", (request.Host.Port ?? (request.IsHttps ? 443 : 80)).ToString(CultureInfo.InvariantCulture));
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var goOn = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (proxyResponse is not null)
        {
            httpContext.Response.Headers[ReleaseHeader] = _release;
            if (proxyResponse.Version < HttpVersion.Version11)
                httpContext.Features.Get<Instance>()!.ClosesConnections = true;
        }

        return goOn;
    }
}
