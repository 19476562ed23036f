using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Paas.Servers.Kubernetes;

/// <summary>An authority of the tests' own, and what it signs.</summary>
public sealed class ApiCertificates : IDisposable
{
    private readonly X509Certificate2 _authority;
    private long _serial;

    public ApiCertificates(string name = "kubernetes")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    /// <summary>The authority's certificate, in PEM.</summary>
    public string AuthorityPem => _authority.ExportCertificatePem();

    internal X509Certificate2 Authority => _authority;

    /// <summary>A client certificate and its key, in PEM. The name is the user's.</summary>
    public (string Certificate, string Key) IssueClient(string user, bool rsa = false, DateTimeOffset? until = null)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsaKey
            ? new CertificateRequest($"CN={user}", rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest($"CN={user}", (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = Sign(request, until);
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A server's certificate for loopback addresses and other names.</summary>
    internal X509Certificate2 IssueServer(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        if (names.Length == 0)
            alternatives.AddIpAddress(IPAddress.Loopback);
        foreach (var name in names.Length == 0 ? ["localhost", "kubernetes.default.svc"] : names)
            alternatives.AddDnsName(name);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var certificate = Sign(request, null);
        return certificate.CopyWithPrivateKey(key);
    }

    public void Dispose() => _authority.Dispose();

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset? until)
    {
        using var key = _authority.GetECDsaPrivateKey()!;
        return request.Create(
            _authority.SubjectName, X509SignatureGenerator.CreateForECDsa(key), DateTimeOffset.UtcNow.AddHours(-12), until ?? DateTimeOffset.UtcNow.AddDays(20),
            BitConverter.GetBytes(Interlocked.Increment(ref _serial) + 1000));
    }
}
