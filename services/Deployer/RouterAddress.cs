using Microsoft.Extensions.Options;

namespace Paas.Deployer;

/// <summary>
/// Where the router is reached from here. A process that holds both sets it to where its router really listens.
/// </summary>
public sealed class RouterAddress(IOptions<RouterOptions> options)
{
    private Uri? _uri;

    public Uri Uri
    {
        get => Volatile.Read(ref _uri) ?? options.Value.Address;
        set => Volatile.Write(ref _uri, value);
    }

    /// <summary>The URL people see for a host name.</summary>
    public Uri PublicUrl(string host)
    {
        var shown = options.Value;
        var port = shown.PublicPort ?? (shown.PublicScheme is null ? Uri.Port : -1);
        return new UriBuilder(shown.PublicScheme ?? Uri.Scheme, host, port, "/").Uri;
    }
}
