using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Paas.Persistence.Tests;

/// <summary>A PostgreSQL of the tests' own, from Debian's package, in a folder of its own.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private static readonly string? Programs = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : null;

    private readonly string _folder = Directory.CreateTempSubdirectory("paas-postgres-").FullName;
    private readonly int _port = FreePort();

    public static bool IsInstalled => Programs is not null;

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={_port};Username=postgres;Database={database};Pooling=false";

    public async ValueTask InitializeAsync()
    {
        if (!IsInstalled)
            return;
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", "postgres", _folder);
        await RunAsPostgresAsync("initdb", "--auth=trust", "--username=postgres", "--no-sync", "-D", $"{_folder}/data");
        await RunAsPostgresAsync("pg_ctl", "-w", "-D", $"{_folder}/data", "-l", $"{_folder}/log", "-o",
            $"-p {_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c fsync=off", "start");
    }

    public async ValueTask DisposeAsync()
    {
        if (IsInstalled)
            await RunAsPostgresAsync("pg_ctl", "-w", "-m", "immediate", "-D", $"{_folder}/data", "stop");
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static Task RunAsPostgresAsync(string program, params string[] arguments) => Environment.IsPrivilegedProcess
        ? RunAsync("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", $"{Programs}/{program}", .. arguments])
        : RunAsync($"{Programs}/{program}", arguments);

    private static async Task RunAsync(string command, params string[] arguments)
    {
        // The server keeps the streams it inherits: only their beginning, the tool's own words, could be read.
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, $"{command} {string.Join(' ', arguments)}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
