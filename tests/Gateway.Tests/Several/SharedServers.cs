using System.Net.Http.Json;
using Paas.Servers;

namespace Paas.Gateway.Tests.Several;

/// <summary>One RabbitMQ and one PostgreSQL for all tests of several gateways, which run one after the other.</summary>
public sealed class SharedServers : IAsyncLifetime
{
    private const string Password = "guest";
    private readonly HttpClient _management = new();
    private RabbitMqServer? _broker;
    private PostgresServer? _postgres;

    public static bool AreInstalled => RabbitMqServer.IsInstalled && PostgresServer.IsInstalled;

    public RabbitMqServer Broker => _broker!;
    public PostgresServer Postgres => _postgres!;

    public async ValueTask InitializeAsync()
    {
        if (!AreInstalled)
            return;
        var broker = RabbitMqServer.StartNewAsync(withManagement: true);
        _postgres = await PostgresServer.StartNewAsync();
        _broker = await broker;
        _management.BaseAddress = Broker.Management;
        _management.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String("guest:guest"u8));
    }

    /// <summary>A virtual host, a database and a folder of its own.</summary>
    public async Task<Platform> NewPlatformAsync()
    {
        Assert.SkipUnless(AreInstalled, "RabbitMQ and PostgreSQL are not installed here.");
        var name = $"t{Guid.NewGuid():N}";
        using var made = await _management.PutAsync(new Uri($"api/vhosts/{name}", UriKind.Relative), null);
        made.EnsureSuccessStatusCode();
        using var allowed = await _management.PutAsJsonAsync(
            new Uri($"api/permissions/{name}/guest", UriKind.Relative), new { configure = ".*", write = ".*", read = ".*" });
        allowed.EnsureSuccessStatusCode();
        var uri = new UriBuilder(Broker.Uri) { UserName = "guest", Password = Password, Path = name }.Uri;
        return await Platform.StartAsync(this, name, uri);
    }

    /// <summary>The names of a virtual host's queues.</summary>
    public async Task<IReadOnlyList<string>> QueuesAsync(string virtualHost) =>
        [.. (await _management.GetFromJsonAsync<List<Queue>>(new Uri($"api/queues/{virtualHost}?columns=name", UriKind.Relative)))!.Select(queue => queue.Name)];

    public async ValueTask DisposeAsync()
    {
        _management.Dispose();
        if (_broker is not null)
            await _broker.DisposeAsync();
        if (_postgres is not null)
            await _postgres.DisposeAsync();
    }

    private sealed record Queue(string Name);
}

[CollectionDefinition(nameof(SharedServers))]
public sealed class SharedServersCollection : ICollectionFixture<SharedServers>;
