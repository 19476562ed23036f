using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Paas.Kubernetes.Access;

/// <summary>Certificates and keys in PEM, as kubeconfigs have them.</summary>
internal static class Pem
{
    /// <summary>The certificates of an authority.</summary>
    /// <exception cref="KubernetesAccessException">There is none.</exception>
    public static X509Certificate2Collection ReadAuthorities(string pem, string where)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
        }
        catch (CryptographicException exception)
        {
            throw new KubernetesAccessException(KubernetesTexts.NoCertificate(where), exception);
        }

        return found.Count > 0 ? found : throw new KubernetesAccessException(KubernetesTexts.NoCertificate(where));
    }

    /// <summary>A client certificate with its key, first, and what stands between it and its authority.</summary>
    /// <exception cref="KubernetesAccessException">They can't be read, or don't belong together.</exception>
    public static X509Certificate2Collection ReadClient(string certificates, string key, string where)
    {
        try
        {
            var found = new X509Certificate2Collection { X509Certificate2.CreateFromPem(certificates, key) };
            var all = new X509Certificate2Collection();
            all.ImportFromPem(certificates);
            foreach (var between in all.Skip(1))
                found.Add(between);
            return found;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            // Without the exception's own words: they are about the key.
            throw new KubernetesAccessException(KubernetesTexts.NoClientCertificate(where));
        }
    }

    /// <summary>Decodes the Base64 of a <c>…-data</c> field.</summary>
    public static string Decode(string base64, string where)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException)
        {
            throw new KubernetesAccessException(KubernetesTexts.NotBase64(where));
        }
    }

    /// <summary>Reads a small file that somebody named.</summary>
    public static string ReadFile(string path, string what, int limit = 1024 * 1024)
    {
        try
        {
            // A device, or one that never ends, has no length: so the reading itself is limited.
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[limit + 1];
            var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read <= limit ? Encoding.UTF8.GetString(bytes, 0, read) : throw new KubernetesAccessException(KubernetesTexts.FileTooLarge(path, what, limit));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new KubernetesAccessException(KubernetesTexts.FileUnreadable(path, what, exception is FileNotFoundException or DirectoryNotFoundException), exception);
        }
    }
}
