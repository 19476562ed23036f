using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Paas.Hosting.Processes;

namespace Paas.Kubernetes.Access;

/// <summary>A kubeconfig file: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.</summary>
internal sealed class Kubeconfig
{
    private readonly string _path;
    private readonly JsonObject _root;
    private readonly ProcessOwner _processes;
    private readonly TimeProvider _clock;

    private Kubeconfig(string path, JsonObject root, ProcessOwner processes, TimeProvider clock) => (_path, _root, _processes, _clock) = (path, root, processes, clock);

    /// <summary>Reads the way in that a context of the file describes.</summary>
    /// <exception cref="KubernetesAccessException">The file can't be read, or the context is not complete.</exception>
    public static KubernetesAccess Open(string path, string? context, ProcessOwner processes, TimeProvider clock)
    {
        var full = Path.GetFullPath(path);
        var root = KubeconfigYaml.Read(Pem.ReadFile(full, KubernetesTexts.KubeconfigFile), full);
        return new Kubeconfig(full, root, processes, clock).Open(context);
    }

    private KubernetesAccess Open(string? wanted)
    {
        var name = string.IsNullOrEmpty(wanted) ? Text(_root, "current-context") : wanted;
        if (string.IsNullOrEmpty(name))
            throw new KubernetesAccessException(KubernetesTexts.NoCurrentContext(_path, Names("contexts")));
        var context = Find("contexts", "context", name) ?? throw new KubernetesAccessException(KubernetesTexts.NoContext(_path, name, Names("contexts")));
        var clusterName = Text(context, "cluster") ?? "";
        var cluster = Find("clusters", "cluster", clusterName) ?? throw new KubernetesAccessException(KubernetesTexts.NoCluster(_path, name, clusterName));
        var inCluster = KubernetesTexts.Cluster(_path, clusterName);
        var address = Text(cluster, "server") ?? "";
        if (!Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out var server) || server.Scheme is not ("https" or "http") || server.UserInfo.Length > 0 || server.Query.Length > 0)
            throw new KubernetesAccessException(KubernetesTexts.WrongServer(inCluster));
        var userName = Text(context, "user");
        var user = string.IsNullOrEmpty(userName) ? [] : Find("users", "user", userName) ?? throw new KubernetesAccessException(KubernetesTexts.NoUser(_path, name, userName));
        var inUser = KubernetesTexts.User(_path, userName ?? "");
        return new KubernetesAccess
        {
            Server = server,
            Authorities = Authorities(cluster, inCluster),
            SkipsVerification = Flag(cluster, "insecure-skip-tls-verify", inCluster),
            TlsServerName = TlsName(cluster, inCluster),
            Proxy = Proxy(cluster, inCluster),
            Credentials = Credentials(user, inUser, server.Scheme == Uri.UriSchemeHttp),
            Namespace = Text(context, "namespace"),
            Origin = inUser,
        };
    }

    private Func<X509Certificate2Collection>? Authorities(JsonObject cluster, string where)
    {
        if (Text(cluster, "certificate-authority-data") is { Length: > 0 } data)
        {
            var read = Pem.ReadAuthorities(Pem.Decode(data, $"certificate-authority-data {where}"), $"certificate-authority-data {where}");
            return () => read;
        }

        if (Text(cluster, "certificate-authority") is not { Length: > 0 } file)
            return null;
        // Read now, so that the start fails and not a deployment, and again with each new connection.
        var path = Within(file);
        Func<X509Certificate2Collection> fromFile = () => Pem.ReadAuthorities(Pem.ReadFile(path, KubernetesTexts.AuthorityFile), path);
        fromFile();
        return fromFile;
    }

    private ICredentialSource Credentials(JsonObject user, string where, bool isPlain)
    {
        if (user.Where(entry => entry.Value is not null).Select(entry => entry.Key).FirstOrDefault(key => key is "auth-provider" or "as" or "as-uid" or "as-groups") is { } unknown)
            throw new KubernetesAccessException(KubernetesTexts.NotSupported(where, unknown));
        var hasSecrets = user.Any(entry => entry.Value is not null);
        if (isPlain && hasSecrets)
            throw new KubernetesAccessException(KubernetesTexts.SecretsInPlain(where));
        var certificates = Certificates(user, where);
        if (user["exec"] is JsonObject exec)
            return new ExecCredential(ExecPlugin.Read(exec, where, Path.GetDirectoryName(_path)!), certificates, _processes, _clock);
        if (Text(user, "tokenFile") is { Length: > 0 } tokenFile)
        {
            var path = Within(tokenFile);
            return new FileCredential(() => new(KubernetesCredential.Bearer(Token.Read(path)), certificates()), _clock);
        }

        if (Text(user, "token") is { Length: > 0 } token)
        {
            var header = KubernetesCredential.Bearer(Token.Check(token, $"token {where}"));
            return new FileCredential(() => new(header, certificates()), _clock);
        }

        if (Text(user, "username") is { Length: > 0 } username)
        {
            var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{Text(user, "password")}"));
            return new FileCredential(() => new(new AuthenticationHeaderValue("Basic", basic), certificates()), _clock);
        }

        return new FileCredential(() => new(null, certificates()), _clock);
    }

    private Func<X509Certificate2Collection> Certificates(JsonObject user, string where)
    {
        var certificate = DataOrFile(user, "client-certificate", where);
        var key = DataOrFile(user, "client-key", where);
        if (certificate is null && key is null)
            return () => [];
        if (certificate is null || key is null)
            throw new KubernetesAccessException(KubernetesTexts.HalfACertificate(where));
        Func<X509Certificate2Collection> read = () => Pem.ReadClient(certificate(), key(), where);
        read();
        return read;
    }

    private Func<string>? DataOrFile(JsonObject user, string field, string where)
    {
        if (Text(user, $"{field}-data") is { Length: > 0 } data)
        {
            var decoded = Pem.Decode(data, $"{field}-data {where}");
            return () => decoded;
        }

        return Text(user, field) is { Length: > 0 } file ? () => Pem.ReadFile(Within(file), KubernetesTexts.ClientFile(field)) : null;
    }

    private static string? TlsName(JsonObject cluster, string where)
    {
        if (Text(cluster, "tls-server-name") is not { Length: > 0 } name)
            return null;
        return Uri.CheckHostName(name) != UriHostNameType.Unknown ? name : throw new KubernetesAccessException(KubernetesTexts.WrongTlsName(where));
    }

    private static Uri? Proxy(JsonObject cluster, string where)
    {
        if (Text(cluster, "proxy-url") is not { Length: > 0 } given)
            return null;
        return Uri.TryCreate(given, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" or "socks5"
            ? proxy
            : throw new KubernetesAccessException(KubernetesTexts.WrongProxy(where));
    }

    private JsonObject? Find(string list, string part, string name) =>
        Entries(list).FirstOrDefault(entry => Text(entry, "name") == name) is { } found ? found[part] as JsonObject ?? [] : null;

    private string[] Names(string list) => [.. Entries(list).Select(entry => Text(entry, "name")).OfType<string>().Take(20)];

    private IEnumerable<JsonObject> Entries(string list) => (_root[list] as JsonArray ?? []).OfType<JsonObject>();

    private string Within(string file) => Path.GetFullPath(file, Path.GetDirectoryName(_path)!);

    private static string? Text(JsonObject within, string name) => KubernetesObject.Text(within[name]);

    private static bool Flag(JsonObject within, string name, string where) => Text(within, name) switch
    {
        null or "" or "false" or "False" or "FALSE" => false,
        "true" or "True" or "TRUE" => true,
        _ => throw new KubernetesAccessException(KubernetesTexts.NotAFlag(name, where)),
    };
}
