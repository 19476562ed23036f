using Microsoft.Extensions.Logging.Abstractions;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Artifacts.Registry;
using Paas.Servers;

namespace Paas.Hosting.Tests.Artifacts;

/// <summary>A machine with a cache of its own that keeps its artifacts in a registry.</summary>
internal sealed class RegistryHost : DelegatingHandler
{
    private readonly TempFolder _cache = new();
    private readonly Uri _registry;

    public RegistryHost(
        Uri registry, string? username = RegistryServer.Username, string? password = RegistryServer.Password, long cacheBytes = 1L << 30, TimeProvider? clock = null)
        : base(new SocketsHttpHandler { UseProxy = false })
    {
        _registry = registry;
        var options = new ArtifactsOptions { Registry = registry.ToString(), RegistryUsername = username, RegistryPassword = password, CacheBytes = cacheBytes };
        Store = new OciArtifactStore(options, _cache.Path, clock ?? TimeProvider.System, NullLogger.Instance, this);
    }

    public OciArtifactStore Store { get; }

    /// <summary>What goes out; may change what comes back.</summary>
    public Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> OnRequest { get; set; } = (_, send) => send();

    public List<string> Cached => [.. Directory.GetFiles(_cache.Path).Select(file => Path.GetFileName(file)!)];

    public List<string> Incoming => [.. Directory.GetFiles(_cache["incoming"])];

    public string CacheFile(string digest) => _cache[digest["sha256:".Length..]];

    /// <summary>Where it keeps its artifacts, for another host.</summary>
    public Uri Address() => _registry;

    /// <summary>Counts the requests of a kind from now on.</summary>
    public Func<int> Count(HttpMethod method)
    {
        var count = 0;
        OnRequest = (request, send) =>
        {
            if (request.Method == method)
                Interlocked.Increment(ref count);
            return send();
        };
        return () => count;
    }

    public async Task<string> SaveAsync(string content) =>
        await Store.SaveAsync(stream => stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(content)).AsTask(), TestContext.Current.CancellationToken);

    public async Task<string> ReadAsync(string digest)
    {
        await using var stream = await Store.OpenAsync(digest, TestContext.Current.CancellationToken);
        stream.CanSeek.ShouldBeTrue();
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    public async Task<List<StoredArtifact>> ListAsync()
    {
        var found = new List<StoredArtifact>();
        await foreach (var artifact in Store.ListAsync(TestContext.Current.CancellationToken))
            found.Add(artifact);
        return found;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        OnRequest(request, () => base.SendAsync(request, cancellationToken));

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && Directory.Exists(_cache.Path))
            _cache.Dispose();
    }
}

/// <summary>A clock that a test sets.</summary>
internal sealed class SetClock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}
