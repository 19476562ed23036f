using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Paas.Kubernetes.Access;

/// <summary>A way in to a cluster.</summary>
internal sealed record KubernetesAccess
{
    public required Uri Server { get; init; }

    /// <summary>Reads the certificates one of which has to stand behind the server's; null for those the machine trusts.</summary>
    public Func<X509Certificate2Collection>? Authorities { get; init; }

    public bool SkipsVerification { get; init; }

    /// <summary>The name the server's certificate has to have, if not that of its address.</summary>
    public string? TlsServerName { get; init; }

    public Uri? Proxy { get; init; }

    public required ICredentialSource Credentials { get; init; }

    /// <summary>The namespace of the context, if it names one.</summary>
    public string? Namespace { get; init; }

    /// <summary>What is told to correct if the server does not accept the credential.</summary>
    public required string Origin { get; init; }

    /// <summary>Opens connections with a credential's certificate.</summary>
    public HttpClient Open(X509Certificate2Collection certificates)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            Proxy = Proxy is null ? null : new WebProxy(Proxy),
            UseProxy = Proxy is not null,
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
            ConnectCallback = ConnectAsync,
        };
        if (SkipsVerification)
        {
#pragma warning disable CA5359 // The kubeconfig says so.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (Authorities is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(Authorities());
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        if (certificates.Count > 0)
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificates[0], certificates, offline: true);
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        // The name in the certificate is taken from here.
        if (TlsServerName is not null)
            client.DefaultRequestHeaders.Host = TlsServerName;
        client.DefaultRequestHeaders.UserAgent.ParseAdd(KubernetesClient.FieldManager);
        return client;
    }

    /// <summary>A watch waits for long: only TCP itself tells that the other side is gone.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
