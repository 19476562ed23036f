using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Paas.Servers.Kubernetes;

/// <summary>A request the double has got.</summary>
public sealed record ApiRequest(string Method, string Path, string User, string Body);

/// <summary>
/// A double of a Kubernetes API server of version 1.36, over TLS on the loopback address, with controllers that make pods of what is
/// applied; what the pods do is scripted. It answers as the transcripts in Kubernetes.Tests do.
/// </summary>
public sealed class KubernetesApi : IAsyncDisposable
{
    public const string AdminToken = "admin-token-of-the-tests";
    private readonly ApiHandler _handler;
    private readonly ConcurrentDictionary<string, ApiUser> _tokens = new();
    private readonly string[] _serverNames;
    private readonly bool _plain;
    private WebApplication? _server;

    private KubernetesApi(bool runsControllers, bool plain, string[] serverNames)
    {
        (_plain, _serverNames) = (plain, serverNames);
        _tokens[AdminToken] = ApiUser.Admin;
        Cluster = new Cluster(Certificates, runsControllers);
        _handler = new ApiHandler(Cluster, Authenticate);
    }

    public ApiCertificates Certificates { get; } = new();

    public int Port { get; } = Ports.Free();

    public Uri Url => new($"{(_plain ? "http" : "https")}://127.0.0.1:{Port}/");

    /// <summary>What it has got, in order.</summary>
    public IReadOnlyCollection<ApiRequest> Requests => _handler.Requests;

    /// <summary>What is going on in the cluster.</summary>
    public Cluster Cluster { get; }

    /// <param name="runsControllers">Whether pods come of what is applied.</param>
    /// <param name="plain">Without TLS.</param>
    /// <param name="serverNames">The names in its certificate; none for the loopback address.</param>
    public static async Task<KubernetesApi> StartAsync(bool runsControllers = true, bool plain = false, params string[] serverNames)
    {
        var api = new KubernetesApi(runsControllers, plain, serverNames);
        await api.ComeBackAsync();
        return api;
    }

    /// <summary>Lets a token in.</summary>
    /// <param name="may">Verb, group, resource and namespace.</param>
    public void Allow(string token, string user, Func<string, string, string, string?, bool>? may = null) => _tokens[token] = new(user, may ?? ((_, _, _, _) => true));

    /// <summary>Lets a token in no more, and the connections of those who have it either.</summary>
    public void Expire(string token) => _tokens.TryRemove(token, out _);

    /// <summary>Answers the next requests with something else.</summary>
    /// <param name="count">How many.</param>
    /// <param name="code">The status.</param>
    /// <param name="body">A Status, or anything.</param>
    /// <param name="retryAfter">In seconds; null for no such header.</param>
    /// <param name="where">Which requests; null for all.</param>
    public void FailNext(int count, int code, string body = "", string? retryAfter = null, Func<string, string, bool>? where = null) =>
        _handler.Faults.Enqueue(new(count, where, async context =>
        {
            context.Response.StatusCode = code;
            context.Response.ContentType = body.StartsWith('{') ? "application/json" : "text/plain";
            if (retryAfter is not null)
                context.Response.Headers.RetryAfter = retryAfter;
            await context.Response.WriteAsync(body);
        }));

    /// <summary>Takes the next requests, and closes the connection without an answer.</summary>
    public void CutNext(int count, Func<string, string, bool>? where = null) => _handler.Faults.Enqueue(new(count, where, context =>
    {
        context.Abort();
        return Task.CompletedTask;
    }));

    /// <summary>Takes the next requests, and says nothing for a while.</summary>
    public void SilenceNext(int count, TimeSpan time, Func<string, string, bool>? where = null) =>
        _handler.Faults.Enqueue(new(count, where, context => Task.Delay(time, context.RequestAborted)));

    /// <summary>Ends all watches, as after their time.</summary>
    public void EndWatches() => _handler.Watches.End(WatchEnd.Clean);

    /// <summary>Cuts the connections of all watches, in the middle of a line.</summary>
    public void CutWatches() => _handler.Watches.End(WatchEnd.MidLine);

    /// <summary>Sends all watches a bookmark.</summary>
    public void SendBookmarks() => _handler.Watches.End(WatchEnd.Bookmark);

    /// <summary>How many watch.</summary>
    public int WatchCount => _handler.Watches.Count;

    /// <summary>Forgets the past: who asks to go on from it gets 410.</summary>
    public void ForgetHistory() => Cluster.Store.Forget();

    /// <summary>Stops answering, with all connections closed.</summary>
    public async Task GoAwayAsync()
    {
        if (_server is null)
            return;
        _handler.Watches.End(WatchEnd.Abort);
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await _server.StopAsync(limit.Token);
        await _server.DisposeAsync();
        _server = null;
    }

    /// <summary>Answers again, at the same port and with all it had.</summary>
    public async Task ComeBackAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ListenLocalhost(Port, listen =>
            {
                if (_plain)
                    return;
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = Certificates.IssueServer(_serverNames);
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    // Which ones are let in is told in the answer.
                    https.AllowAnyClientCertificate();
                });
            });
        });
        _server = builder.Build();
        _server.Run(_handler.HandleAsync);
        await _server.StartAsync();
    }

    /// <summary>A kubeconfig for this server.</summary>
    /// <param name="user">The user's part, as YAML in one line: <c>{token: abc}</c>.</param>
    /// <param name="cluster">More of the cluster's part, as YAML lines.</param>
    /// <param name="authority">The certificate to trust; null for the right one, empty for none.</param>
    public string Kubeconfig(string? user = null, string cluster = "", string? authority = null)
    {
        authority ??= Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Certificates.AuthorityPem));
        return $"""
            apiVersion: v1
            kind: Config
            current-context: test
            clusters:
            - name: double
              cluster:
                server: {Url}
                {(authority.Length == 0 ? "" : $"certificate-authority-data: {authority}")}
                {cluster}
            contexts:
            - name: test
              context:
                cluster: double
                user: tester
                namespace: demo
            users:
            - name: tester
              user: {user ?? $"{{token: {AdminToken}}}"}

            """;
    }

    public async ValueTask DisposeAsync()
    {
        await GoAwayAsync();
        await Cluster.DisposeAsync();
        Certificates.Dispose();
    }

    private ApiUser? Authenticate(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.Ordinal))
            return _tokens.GetValueOrDefault(header["Bearer ".Length..]) ?? throw ApiError.Unauthorized();
        if (header.StartsWith("Basic ", StringComparison.Ordinal))
            return _tokens.GetValueOrDefault(header) ?? throw ApiError.Unauthorized();
        if (context.Connection.ClientCertificate is not { } certificate)
            return ApiUser.Anonymous;
        using var chain = new System.Security.Cryptography.X509Certificates.X509Chain();
        chain.ChainPolicy.TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(Certificates.Authority);
        if (!chain.Build(certificate))
            throw ApiError.Unauthorized();
        return new(certificate.GetNameInfo(System.Security.Cryptography.X509Certificates.X509NameType.SimpleName, false), (_, _, _, _) => true);
    }
}

/// <summary>Who asks, and what he may do: verb, group, resource and namespace.</summary>
internal sealed record ApiUser(string Name, Func<string, string, string, string?, bool> May)
{
    public static readonly ApiUser Admin = new("kubernetes-admin", (_, _, _, _) => true);
    public static readonly ApiUser Anonymous = new("system:anonymous", (_, _, _, _) => false);
}
