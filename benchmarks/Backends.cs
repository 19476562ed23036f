using Npgsql;
using Paas.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Paas.Bench;

/// <summary>A RabbitMQ and a PostgreSQL of the benchmark's own, both of which keep what they confirm.</summary>
internal sealed class Backends : IAsyncDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("paas-bench-");

    private Backends(RabbitMqServer broker, PostgresServer database) => (Broker, Database) = (broker, database);

    public RabbitMqServer Broker { get; }
    public PostgresServer Database { get; }

    /// <summary>For whatever is thrown away afterwards.</summary>
    public string Folder => _data.FullName;

    public string ConnectionString => Database.ConnectionString("paas", pooling: true);

    /// <summary>For every service that works on these two.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["ConnectionStrings__Paas"] = ConnectionString,
        ["RabbitMq__Uri"] = Broker.Uri.ToString(),
        ["Paas__DataDirectory"] = _data.FullName,
        ["Paas__AdminToken"] = AdminToken,
        ["Source__AllowFile"] = "true",
        ["Gateway__RepositoryPatience"] = "00:00:00", // the repositories of most apps are nowhere
    };

    public static string AdminToken => "the-token-of-the-benchmarks";

    public static async Task<Backends> StartAsync()
    {
        if (!RabbitMqServer.IsInstalled || !PostgresServer.IsInstalled)
            throw new BenchmarkException("The benchmarks start their own RabbitMQ and PostgreSQL. Install them (on Debian: apt-get install rabbitmq-server postgresql).");
        var database = await PostgresServer.StartNewAsync(durable: true);
        try
        {
            return new Backends(await RabbitMqServer.StartNewAsync(), database);
        }
        catch (BrokerUnreachableException exception)
        {
            await database.DisposeAsync();
            throw new BenchmarkException($"RabbitMQ did not start; try again. {exception.GetBaseException().Message}");
        }
    }

    /// <summary>What the numbers were measured on.</summary>
    public async Task<string> DescribeAsync()
    {
        await using var connection = await new ConnectionFactory { Uri = Broker.Uri }.CreateConnectionAsync();
        var rabbit = connection.ServerProperties!["version"] is byte[] version ? System.Text.Encoding.UTF8.GetString(version) : "?";
        await using var database = new NpgsqlConnection(Database.ConnectionString("postgres"));
        await database.OpenAsync();
        return $"{Machine.Describe()}, RabbitMQ {rabbit}, PostgreSQL {database.PostgreSqlVersion}";
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await Broker.DisposeAsync();
        await Database.DisposeAsync();
        _data.Delete(recursive: true);
    }
}
