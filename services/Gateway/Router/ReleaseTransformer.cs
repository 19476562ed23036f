using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Forwarder;

namespace Paas.Gateway.Router;

/// <summary>
/// Says where a request came from, since what a visitor says about that is not believed, and which release has answered it.
/// All else passes as it came: see <see cref="RequestHead"/> and <see cref="AppAnswer"/>.
/// </summary>
internal sealed class ReleaseTransformer(int release) : HttpTransformer
{
    public const string ReleaseHeader = "Paas-Release";

    private readonly string _release = string.Create(CultureInfo.InvariantCulture, $"v{release}");

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        proxyRequest.Options.Set(AppConnections.Visit, httpContext);
        proxyRequest.RequestUri = new Uri(destinationPrefix);
        var request = httpContext.Request;
        if (httpContext.Connection.RemoteIpAddress is { } address)
            Add("X-Forwarded-For", (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());
        Add("X-Forwarded-Host", request.Host.Value);
        Add("X-Forwarded-Proto", request.Scheme);
        Add("X-Forwarded-Port", (request.Host.Port ?? (request.IsHttps ? 443 : 80)).ToString(CultureInfo.InvariantCulture));
        return ValueTask.CompletedTask;

        void Add(string name, string? value) => proxyRequest.Headers.TryAddWithoutValidation(name, value);
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is InstanceResponse { Answer: { } answer } response)
        {
            var headers = httpContext.Response.Headers;
            foreach (var group in answer.Headers.Where(header => PassedHeaders.IsAnswered(header.Key, header.Value, answer))
                .GroupBy(header => header.Key, header => header.Value, StringComparer.OrdinalIgnoreCase))
                headers[group.Key] = new StringValues([.. group.Key.Equals("content-length", StringComparison.OrdinalIgnoreCase) ? group.Distinct() : group]);
            headers[ReleaseHeader] = _release;
            // The body may come much later, or when more of the request has gone.
            if (response.IsBodyToCome)
                await httpContext.Response.Body.FlushAsync(cancellationToken);
        }

        return true;
    }

    /// <summary>The answer is whole: it ends here, and not when the request does, of which there may be more to come.</summary>
    public override async ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        if (httpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
            await httpContext.Response.CompleteAsync();
    }
}
