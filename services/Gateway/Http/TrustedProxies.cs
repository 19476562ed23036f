using System.Net;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Paas.Gateway.Http;

/// <summary>
/// Takes a visitor's address and scheme from the header of a proxy, if the connection is from one that the operator has
/// named. All that comes after, the limits of deliveries, the log, and what apps are told, then speaks of the visitor.
/// </summary>
internal sealed class TrustedProxies
{
    private readonly List<IPNetwork> _proxies = [];
    private readonly bool _isForwarded;

    public TrustedProxies(IOptions<GatewayOptions> options)
    {
        foreach (var text in options.Value.TrustedProxies)
        {
            if (Networks.TryParse(text, out var network))
                _proxies.Add(network);
        }

        _isForwarded = options.Value.ForwardedHeader == GatewayOptions.Forwarded;
    }

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (_proxies.Count > 0 && context.Connection.RemoteIpAddress is { } peer && IsProxy(peer))
        {
            var headers = context.Request.Headers;
            var (addresses, scheme) = _isForwarded ? FromForwarded(headers["Forwarded"]) : (Parts(headers["X-Forwarded-For"]), Parts(headers["X-Forwarded-Proto"]).LastOrDefault());
            // From the right: each proxy adds whom it got the request from. The first that is none is the visitor.
            foreach (var text in addresses.AsEnumerable().Reverse())
            {
                if (!TryParse(text, out var address))
                    break;
                context.Connection.RemoteIpAddress = address;
                if (!IsProxy(address))
                    break;
            }

            if (scheme?.ToLowerInvariant() is { } given && (given is "http" or "https"))
                context.Request.Scheme = given;
        }

        return next(context);
    }

    private bool IsProxy(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return _proxies.Exists(network => network.Contains(plain));
    }

    private static List<string> Parts(StringValues header) =>
        [.. header.OfType<string>().SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>RFC 7239: <c>for="[2001:db8::1]:4711";proto=https, for=192.0.2.1</c>.</summary>
    private static (List<string> Addresses, string? Scheme) FromForwarded(StringValues header)
    {
        var elements = Parts(header).ConvertAll(element => element.Split(';', StringSplitOptions.TrimEntries)
            .Select(pair => pair.Split('=', 2)).Where(pair => pair.Length == 2)
            .ToLookup(pair => pair[0].Trim(), pair => pair[1].Trim().Trim('"'), StringComparer.OrdinalIgnoreCase));
        return (elements.ConvertAll(element => element["for"].FirstOrDefault() ?? ""), elements.LastOrDefault()?["proto"].FirstOrDefault());
    }

    /// <summary>An address, with or without brackets and a port.</summary>
    private static bool TryParse(string text, out IPAddress address)
    {
        var plain = text.Trim('"');
        var isFound = IPAddress.TryParse(plain.Trim('[', ']'), out var parsed) && !(plain.StartsWith('[') && !plain.EndsWith(']'));
        if (!isFound && IPEndPoint.TryParse(plain, out var endpoint))
            (isFound, parsed) = (true, endpoint.Address);
        address = parsed is { IsIPv4MappedToIPv6: true } ? parsed.MapToIPv4() : parsed ?? IPAddress.None;
        return isFound;
    }
}
