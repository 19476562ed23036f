using Paas.Servers;

namespace Paas.Faults.Tests;

/// <summary>One broker and one database server for all tests; each test has a database of its own.</summary>
public sealed class RealServers : IAsyncLifetime
{
    public RabbitMqServer Broker { get; } = new();
    public PostgresServer Postgres { get; } = new();

    public async ValueTask InitializeAsync() => await Task.WhenAll(Broker.InitializeAsync().AsTask(), Postgres.InitializeAsync().AsTask());

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class OnRealServers : ICollectionFixture<RealServers>
{
    public const string Name = "real servers";
}
