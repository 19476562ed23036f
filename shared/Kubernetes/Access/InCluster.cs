using System.Globalization;

namespace Paas.Kubernetes.Access;

/// <summary>The way in that every pod has: its service account.</summary>
internal static class InCluster
{
    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    public static bool IsHere => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(HostVariable));

    public static KubernetesAccess Open(string folder, TimeProvider clock) =>
        Open(folder, Environment.GetEnvironmentVariable(HostVariable), Environment.GetEnvironmentVariable(PortVariable), clock);

    internal static KubernetesAccess Open(string folder, string? host, string? port, TimeProvider clock)
    {
        if (string.IsNullOrEmpty(host))
            throw new KubernetesAccessException(KubernetesTexts.NotInCluster(HostVariable));
        if (!int.TryParse(string.IsNullOrEmpty(port) ? "443" : port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is 0 or > 65535
            || Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            throw new KubernetesAccessException(KubernetesTexts.WrongServiceAddress(HostVariable, PortVariable, host, port ?? ""));
        }

        var (token, authority, @namespace) = (Path.Combine(folder, "token"), Path.Combine(folder, "ca.crt"), Path.Combine(folder, "namespace"));
        return new KubernetesAccess
        {
            Server = new UriBuilder(Uri.UriSchemeHttps, host, number).Uri,
            Authorities = () => Pem.ReadAuthorities(Pem.ReadFile(authority, KubernetesTexts.AuthorityFile), authority),
            Credentials = new FileCredential(() => new(KubernetesCredential.Bearer(Token.Read(token)), []), clock),
            Namespace = File.Exists(@namespace) ? File.ReadAllText(@namespace).Trim() : null,
            Origin = KubernetesTexts.OfServiceAccount(folder),
        };
    }
}

/// <summary>A bearer token.</summary>
internal static class Token
{
    private const int MaxLength = 64 * 1024;

    public static string Read(string path) => Check(Pem.ReadFile(path, KubernetesTexts.TokenFile, MaxLength), path);

    /// <summary>One that could be the end of a header, and the beginning of another, is none.</summary>
    public static string Check(string token, string where)
    {
        var trimmed = token.Trim();
        return trimmed.Length > 0 && trimmed.All(character => character is > ' ' and < (char)127)
            ? trimmed
            : throw new KubernetesAccessException(KubernetesTexts.NotAToken(where));
    }
}
