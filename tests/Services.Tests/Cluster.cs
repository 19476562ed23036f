using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Paas.Services.Tests;

/// <summary>
/// The platform as it is run for real: every service a process of its own, and more than one of each that allows it,
/// with a RabbitMQ and a PostgreSQL of their own between and below them.
/// </summary>
internal sealed class Cluster : PlatformClient, IAsyncDisposable
{
    private const string Database = "paas";
    private const string Token = "the operator's token of a test";

    private static readonly (string Name, string Project)[] Projects =
    [
        ("gateway", "Gateway"), ("orchestrator", "Orchestrator"), ("code-downloader", "CodeDownloader"),
        ("configuration-validator", "ConfigurationValidator"), ("image-builder", "ImageBuilder"), ("image-publisher", "ImagePublisher"),
        ("deployer", "Deployer"),
    ];

    private readonly Dictionary<string, string> _environment;

    private Cluster(RabbitMqServer broker, PostgresServer database, Dictionary<string, string> settings)
    {
        (Broker, Postgres) = (broker, database);
        DataDirectory = Directory.CreateTempSubdirectory("paas-services-").FullName;
        _environment = new Dictionary<string, string>
        {
            ["Paas__DataDirectory"] = DataDirectory,
            ["Paas__AdminToken"] = Token,
            ["ConnectionStrings__Paas"] = database.ConnectionString(Database, pooling: true),
            ["RabbitMq__Uri"] = broker.Uri.ToString(),
            ["Paas__MessageKey"] = "the same in all services of this cluster",
            ["Source__AllowFile"] = "true",
        };
        foreach (var (name, value) in settings)
            _environment[name] = value;
    }

    public RabbitMqServer Broker { get; }
    public PostgresServer Postgres { get; }
    public string DataDirectory { get; }
    public List<ServiceProcess> Services { get; } = [];
    public IEnumerable<ServiceProcess> Gateways => Services.Where(service => service.Name.StartsWith("gateway", StringComparison.Ordinal));
    public override string Output => string.Concat(Services.Select(service => service.Output));

    public static bool IsPossible => RabbitMqServer.IsInstalled && PostgresServer.IsInstalled;

    /// <param name="counts">How many of a service; one of each that is not named.</param>
    /// <param name="settings">Environment variables of all services.</param>
    public static async Task<Cluster> StartAsync(Dictionary<string, int>? counts = null, Dictionary<string, string>? settings = null)
    {
        var cluster = await CreateAsync(counts, settings);
        foreach (var service in cluster.Services)
            service.Start();
        await cluster.WaitUntilReadyAsync();
        return cluster;
    }

    /// <summary>The servers run, the services do not yet.</summary>
    public static async Task<Cluster> CreateAsync(Dictionary<string, int>? counts = null, Dictionary<string, string>? settings = null)
    {
        var broker = RabbitMqServer.StartNewAsync();
        var database = PostgresServer.StartNewAsync(durable: true);
        var cluster = new Cluster(await broker, await database, settings ?? []);
        foreach (var (name, project) in Projects)
        {
            for (var i = 1; i <= (counts?.GetValueOrDefault(name, 1) ?? 1); i++)
                cluster.Services.Add(new ServiceProcess($"{name}.{i}", project, cluster._environment));
        }

        cluster._environment["Router__Address"] = cluster.Gateways.First().Url.ToString();
        cluster.Http = new HttpClient(new AnyGateway([.. cluster.Gateways.Select(gateway => gateway.Url)])) { BaseAddress = cluster.Gateways.First().Url, Timeout = Patience };
        cluster.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        return cluster;
    }

    public ServiceProcess Service(string name) => Services.Single(service => service.Name == name);

    public Task WaitUntilReadyAsync() => WaitUntilReadyAsync(Services);

    public static async Task WaitUntilReadyAsync(params IEnumerable<ServiceProcess> services)
    {
        using var http = new HttpClient();
        foreach (var service in services)
            await UntilReadyAsync(service, http);
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString(Database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Every row, its columns joined by spaces.</summary>
    public async Task<List<string>> RowsAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString(Database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join(' ', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "-" : reader.GetValue(i).ToString())));
        return rows;
    }

    public Task<string> DumpDatabaseAsync() => Postgres.DumpAsync(Database);

    public async ValueTask DisposeAsync()
    {
        // Its apps end with it, unless it has to be killed: then they are ended here.
        if (Services.FirstOrDefault(service => service is { Name: "deployer.1", IsRunning: true }) is { } deployer)
            await Task.WhenAny(deployer.StopAsync(), Task.Delay(Patience));
        await File.WriteAllTextAsync(Path.Combine(BuiltPrograms.RepositoryRoot, "artifacts", "services.log"), Output);
        foreach (var service in Services)
            service.Dispose();
        EndApps();
        Http.Dispose();
        await Broker.DisposeAsync();
        await Postgres.DisposeAsync();
        Directory.Delete(DataDirectory, recursive: true);
    }

    private void EndApps()
    {
        var mark = "PAAS_PROCESS=" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(DataDirectory)))[..16];
        foreach (var folder in Directory.GetDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(folder, "environ")).Contains(mark, StringComparison.Ordinal))
                    Process.GetProcessById(int.Parse(Path.GetFileName(folder), System.Globalization.CultureInfo.InvariantCulture)).Kill();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
            {
                // It has ended by itself.
            }
        }
    }

    private static async Task UntilReadyAsync(ServiceProcess service, HttpClient http)
    {
        try
        {
            await UntilAsync(
                async () =>
                {
                    if (service.Restarts > 3)
                        throw new InvalidOperationException($"{service.Name} ends at its start:\n{service.Output}");
                    try
                    {
                        using var response = await http.GetAsync(new Uri(service.Url, "/health/ready"));
                        return response.IsSuccessStatusCode;
                    }
                    catch (HttpRequestException)
                    {
                        return false;
                    }
                },
                $"{service.Name} was ready");
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{exception.Message}\n{service.Output}", exception);
        }
    }

    /// <summary>
    /// A load balancer as there would be one: takes the next gateway when one refuses or can't answer. Everything sent
    /// here may be sent twice.
    /// </summary>
    private sealed class AnyGateway(Uri[] gateways) : DelegatingHandler(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        private int _next;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(cancellationToken);
            var path = request.RequestUri!.PathAndQuery;
            var since = Stopwatch.GetTimestamp();
            while (true)
            {
                var gateway = gateways[(int)((uint)Interlocked.Increment(ref _next) % (uint)gateways.Length)];
                using var copy = new HttpRequestMessage(request.Method, new Uri(gateway, path));
                foreach (var header in request.Headers)
                    copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
                copy.Headers.Host = request.Headers.Host;
                if (body is not null)
                {
                    copy.Content = new ByteArrayContent(body);
                    foreach (var header in request.Content!.Headers)
                        copy.Content.Headers.TryAddWithoutValidation(header.Key, header.Value);
                }

                try
                {
                    var response = await base.SendAsync(copy, cancellationToken);
                    var isOfPlatform = request.Headers.Host is null;
                    if (response.StatusCode < HttpStatusCode.InternalServerError || !isOfPlatform || Stopwatch.GetElapsedTime(since) > Patience / 2)
                        return response;
                    response.Dispose();
                }
                catch (HttpRequestException) when (Stopwatch.GetElapsedTime(since) < Patience / 2)
                {
                    // The next one is asked.
                }

                await Task.Delay(100, cancellationToken);
            }
        }
    }
}
