using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace Paas.Kubernetes.Access;

/// <summary>Who the platform is to an API server.</summary>
/// <param name="Header">A token or a password; null for none.</param>
/// <param name="Certificates">A client certificate with its key, and those between it and its authority; empty for none.</param>
internal sealed record KubernetesCredential(AuthenticationHeaderValue? Header, X509Certificate2Collection Certificates)
{
    public static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);

    /// <summary>Another certificate needs another connection.</summary>
    public string? Thumbprint => Certificates.Count == 0 ? null : Certificates[0].Thumbprint;
}

/// <summary>Where a credential comes from.</summary>
internal interface ICredentialSource
{
    /// <summary>The credential of now.</summary>
    /// <param name="anew">The server did not accept the last one: whatever is remembered is to be fetched again.</param>
    /// <param name="cancellation">Ends the fetching.</param>
    /// <exception cref="KubernetesAccessException">There is none.</exception>
    Task<KubernetesCredential> GetAsync(bool anew, CancellationToken cancellation);
}

/// <summary>One that is read, in part from files that somebody renews: again after a minute, or when the server wants another.</summary>
internal sealed class FileCredential(Func<KubernetesCredential> read, TimeProvider clock) : ICredentialSource
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private KubernetesCredential? _last;
    private long _readAt;

    public Task<KubernetesCredential> GetAsync(bool anew, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_last is not null && !anew && clock.GetElapsedTime(_readAt) < Fresh)
                return Task.FromResult(_last);
            _last = read();
            _readAt = clock.GetTimestamp();
            return Task.FromResult(_last);
        }
    }
}
