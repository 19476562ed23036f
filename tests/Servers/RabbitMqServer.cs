using System.Diagnostics;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Xunit;

namespace Paas.Servers;

/// <summary>A RabbitMQ of the tests' own, from Debian's package, in a folder of its own.</summary>
public sealed class RabbitMqServer : IAsyncLifetime
{
    private const string Package = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-rabbitmq-");
    private readonly int _port = Ports.Free();
    private readonly int _epmdPort = Ports.Free();
    private readonly int _distributionPort = Ports.Free();
    private readonly int? _managementPort;
    private Process? _server;

    public RabbitMqServer()
        : this(withManagement: false)
    {
    }

    private RabbitMqServer(bool withManagement) => _managementPort = withManagement ? Ports.Free() : null;

    public static bool IsInstalled => File.Exists(Package);

    public Uri Uri => new($"amqp://guest:guest@127.0.0.1:{_port}/");

    public Uri? Management => _managementPort is { } port ? new Uri($"http://127.0.0.1:{port}/") : null;

    /// <summary>Of the script below which the broker runs.</summary>
    public int ProcessId => _server?.Id ?? throw new InvalidOperationException("The broker does not run.");

    /// <param name="withManagement">Whether the management UI and its API are there as well.</param>
    public static async Task<RabbitMqServer> StartNewAsync(bool withManagement = false)
    {
        var server = new RabbitMqServer(withManagement);
        await server.InitializeAsync();
        return server;
    }

    public async ValueTask InitializeAsync()
    {
        if (IsInstalled)
            await StartAsync();
    }

    /// <summary>Lets the broker hang: it keeps its connections, and answers nothing.</summary>
    public Task PauseAsync() => Signals.SendAsync("STOP", _server!.Id);

    public Task ContinueAsync() => Signals.SendAsync("CONT", _server!.Id);

    /// <summary>Lets the broker have less memory than it needs: it takes no messages until it has enough again.</summary>
    public Task LoseMemoryAsync() => ControlAsync("set_vm_memory_high_watermark", "0");

    public Task FindMemoryAsync() => ControlAsync("set_vm_memory_high_watermark", "0.4");

    /// <summary>Ends the broker as a power failure does.</summary>
    /// <remarks>
    /// Which quorum queues there are stands in a table that RabbitMQ 3.10 writes half a second after its last change. One
    /// that is declared for the first time right before a crash comes back without a leader, and whoever publishes to it
    /// hangs for ever. That is the broker's own fault and no test's subject: this waits for the table.
    /// </remarks>
    public void Kill()
    {
        if (_server is null)
            return;
        var deadline = DateTime.UtcNow + StopTimeout;
        while (!_server.HasExited && DateTime.UtcNow < deadline && !QueuesAreWritten())
            Thread.Sleep(50);
        End();
    }

    private bool QueuesAreWritten()
    {
        var folder = Path.Combine(_folder.FullName, "mnesia", $"paas{_port}@localhost", "quorum", $"paas{_port}@localhost");
        var table = Path.Combine(folder, "names.dets");
        if (!File.Exists(table))
            return true;
        try
        {
            var names = File.ReadAllText(table, System.Text.Encoding.Latin1);
            return Directory.GetDirectories(folder).All(queue => names.Contains(Path.GetFileName(queue), StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void End()
    {
        // The Erlang machine is a child of the script that starts it.
        _server?.Kill(entireProcessTree: true);
        // Not for the end of its output as well: what it has started may hold that open.
        _server?.WaitForExit(StopTimeout);
        _server?.Dispose();
        _server = null;
    }

    /// <summary>Starts the broker on what it had stored, and waits until it can be used.</summary>
    public async Task StartAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "rabbitmq.conf"), $"""
            listeners.tcp.1 = 127.0.0.1:{_port}
            log.console = true
            {(_managementPort is { } port ? $"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}" : "")}
            """);
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, "enabled_plugins"), _managementPort is null ? "[]." : "[rabbitmq_management].");
        _server = Start(Package, []);
        var factory = new ConnectionFactory { Uri = Uri };
        var deadline = DateTime.UtcNow + StartTimeout;
        while (true)
        {
            try
            {
                await using var connection = await factory.CreateConnectionAsync();
                return;
            }
            catch (BrokerUnreachableException) when (DateTime.UtcNow < deadline && !_server.HasExited)
            {
                await Task.Delay(200);
            }
        }
    }

    /// <summary>Ends the broker as a power failure does, and starts it again on what it had stored.</summary>
    public async Task KillAndStartAgainAsync()
    {
        Kill();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            End();
            using var epmd = Start("epmd", ["-port", $"{_epmdPort}", "-kill"]);
            await epmd.WaitForExitAsync();
        }

        _folder.Delete(recursive: true);
    }

    /// <summary>How many messages are ready in a queue; null if there is no such queue.</summary>
    public async Task<uint?> CountAsync(string queue) => (await FindAsync(queue))?.MessageCount;

    /// <summary>A queue as it is now; null if there is no such queue.</summary>
    public async Task<QueueDeclareOk?> FindAsync(string queue)
    {
        await using var connection = await new ConnectionFactory { Uri = Uri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        try
        {
            return await channel.QueueDeclarePassiveAsync(queue);
        }
        catch (OperationInterruptedException)
        {
            return null;
        }
    }

    /// <summary>The names of all queues.</summary>
    public async Task<IReadOnlyList<string>> QueuesAsync() =>
        (await ControlAsync("--quiet", "list_queues", "--no-table-headers", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private async Task<string> ControlAsync(params string[] arguments)
    {
        var output = new System.Text.StringBuilder();
        using var control = Start("/usr/lib/rabbitmq/bin/rabbitmqctl", arguments, line => output.AppendLine(line));
        await control.WaitForExitAsync();
        if (control.ExitCode != 0)
            throw new InvalidOperationException($"rabbitmqctl {string.Join(' ', arguments)} ended with {control.ExitCode}.");
        return output.ToString();
    }

    private Process Start(string command, string[] arguments, Action<string>? hear = null)
    {
        var info = new ProcessStartInfo(command) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            info.ArgumentList.Add(argument);
        var home = _folder.FullName;
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["HOME"] = home,
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_NODENAME"] = $"paas{_port}@localhost",
            ["RABBITMQ_DIST_PORT"] = $"{_distributionPort}",
            ["ERL_EPMD_PORT"] = $"{_epmdPort}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(home, "mnesia"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(home, "log"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(home, "rabbitmq.conf"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(home, "enabled_plugins"),
            ["RABBITMQ_PID_FILE"] = Path.Combine(home, "pid"),
        })
            info.Environment[name] = value;
        var process = Process.Start(info)!;
        process.OutputDataReceived += (_, line) => hear?.Invoke(line.Data ?? "");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
