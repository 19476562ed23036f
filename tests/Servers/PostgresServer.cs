using System.Diagnostics;
using Xunit;

namespace Paas.Servers;

/// <summary>A PostgreSQL of the tests' own, from Debian's package, in a folder of its own.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private static readonly string? Programs = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : null;

    private readonly string _folder = Directory.CreateTempSubdirectory("paas-postgres-").FullName;
    private readonly int _port = Ports.Free();
    private bool _isRunning;
    private bool _isPaused;

    public static bool IsInstalled => Programs is not null;

    /// <summary>Of a database that is made by whoever migrates it.</summary>
    public string ConnectionString(string database, bool pooling = false) =>
        $"Host=127.0.0.1;Port={_port};Username=postgres;Database={database};Pooling={pooling}";

    /// <summary>Of the process whose children serve the connections.</summary>
    public int ProcessId => int.Parse(File.ReadLines($"{_folder}/data/postmaster.pid").First(), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether what is committed survives <see cref="Kill"/>; off by default, since it costs time.</summary>
    public bool IsDurable { get; init; }

    public static async Task<PostgresServer> StartNewAsync(bool durable = false)
    {
        var server = new PostgresServer { IsDurable = durable };
        await server.InitializeAsync();
        return server;
    }

    public async ValueTask InitializeAsync()
    {
        if (!IsInstalled)
            return;
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", "postgres", _folder);
        await RunAsPostgresAsync("initdb", "--auth=trust", "--username=postgres", "--no-sync", "-D", $"{_folder}/data");
        await StartAsync();
    }

    /// <summary>Starts the server on what it had stored, and waits until it can be used.</summary>
    public async Task StartAsync()
    {
        try
        {
            await RunAsPostgresAsync("pg_ctl", "-s", "-w", "-D", $"{_folder}/data", "-l", $"{_folder}/log", "-o",
                $"-p {_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c max_connections=300{(IsDurable ? "" : " -c fsync=off")}", "start");
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException($"{exception.Message}\n{string.Join('\n', File.ReadLines($"{_folder}/log").TakeLast(20))}", exception);
        }

        _isRunning = true;
    }

    /// <summary>Lets every process of the server hang: it keeps its connections, takes new ones, and answers nothing.</summary>
    public async Task PauseAsync()
    {
        await Signals.SendAsync("STOP", ProcessId);
        _isPaused = true;
    }

    public async Task ContinueAsync()
    {
        await Signals.SendAsync("CONT", ProcessId);
        _isPaused = false;
    }

    /// <summary>Ends every process of the server as a crash does.</summary>
    public void Kill()
    {
        var pid = ProcessId;
        // The backends hold the shared memory, without which a new server would not start.
        var children = File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        using var postmaster = Process.GetProcessById(pid);
        postmaster.Kill(entireProcessTree: true);
        // Not children of this process: their end can't be waited for, only seen.
        foreach (var process in children.Append($"{pid}"))
        {
            while (IsAlive(process))
                Thread.Yield();
        }

        // Until its own parent has noticed its end, a new server would take it for running.
        File.Delete($"{_folder}/data/postmaster.pid");
        File.Delete($"{_folder}/.s.PGSQL.{_port}.lock");
        _isRunning = false;
    }

    private static bool IsAlive(string process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isPaused)
            await ContinueAsync();
        if (_isRunning)
            await RunAsPostgresAsync("pg_ctl", "-s", "-w", "-m", "immediate", "-D", $"{_folder}/data", "stop");
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>All of a database as SQL, as pg_dump writes it.</summary>
    public async Task<string> DumpAsync(string database)
    {
        var info = new ProcessStartInfo($"{Programs}/pg_dump", ["--host", "127.0.0.1", "--port", $"{_port}", "--username", "postgres", database])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(info)!;
        var dump = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? dump : throw new InvalidOperationException($"pg_dump of {database} ended with {process.ExitCode}.");
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static Task RunAsPostgresAsync(string program, params string[] arguments) => Environment.IsPrivilegedProcess
        ? RunAsync("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", $"{Programs}/{program}", .. arguments])
        : RunAsync($"{Programs}/{program}", arguments);

    private static async Task RunAsync(string command, params string[] arguments)
    {
        // The server keeps the streams it inherits: only their beginning, the tool's own words, could be read.
        var isTalkative = arguments.Contains($"{Programs}/initdb") || command.EndsWith("/initdb", StringComparison.Ordinal);
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { WorkingDirectory = "/", RedirectStandardOutput = isTalkative })!;
        if (isTalkative)
            await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
