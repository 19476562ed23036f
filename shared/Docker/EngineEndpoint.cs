using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Paas.Docker;

/// <summary>Where an engine listens.</summary>
/// <param name="Address">The base of the requests' addresses.</param>
/// <param name="Socket">The path of its socket; null over TCP.</param>
internal sealed record EngineEndpoint(Uri Address, string? Socket)
{
    private const string Unix = "unix://";
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    public static EngineEndpoint? TryParse(string text)
    {
        if (text.StartsWith(Unix, StringComparison.Ordinal))
            return text.Length > Unix.Length && text[Unix.Length] == '/' ? new(new Uri("http://docker/"), text[Unix.Length..]) : null;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == "tcp" && uri.Host.Length > 0 && uri.Port > 0
            ? new(new Uri($"http://{uri.Authority}/"), null)
            : null;
    }

    /// <summary>Connections to the engine: many at once, since builds and logs hold theirs for long.</summary>
    /// <param name="tlsFolder">The folder with the certificates; null or empty for none.</param>
    public (HttpClient Http, Uri Address) Open(string? tlsFolder)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, ConnectTimeout = ConnectTimeout };
        var address = Address;
        if (Socket is not null)
        {
            handler.ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }
        else if (!string.IsNullOrEmpty(tlsFolder))
        {
            address = new UriBuilder(Address) { Scheme = Uri.UriSchemeHttps }.Uri;
            handler.SslOptions = TrustOnly(tlsFolder);
        }

        return (new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan }, address);
    }

    /// <summary>The engine has to be of this authority, whatever the machine trusts besides.</summary>
    private static SslClientAuthenticationOptions TrustOnly(string folder)
    {
        var authority = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(folder, "ca.pem")));
        var options = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck, // an authority of one's own publishes no list
            },
        };
        options.CertificateChainPolicy.CustomTrustStore.Add(authority);
        if (File.Exists(Path.Combine(folder, "cert.pem")))
            options.ClientCertificates = [X509Certificate2.CreateFromPemFile(Path.Combine(folder, "cert.pem"), Path.Combine(folder, "key.pem"))];
        return options;
    }
}
