using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Paas.Hosting.Tests.Messaging;

/// <summary>A RabbitMQ of the tests' own, from Debian's package, in a folder of its own.</summary>
public sealed class RabbitMqServer : IAsyncLifetime
{
    private const string Package = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-rabbitmq-");
    private readonly int _port = FreePort();
    private readonly int _epmdPort = FreePort();
    private readonly int _distributionPort = FreePort();
    private Process? _server;

    public static bool IsInstalled => File.Exists(Package);

    public Uri Uri => new($"amqp://guest:guest@127.0.0.1:{_port}/");

    public async ValueTask InitializeAsync()
    {
        if (IsInstalled)
            await StartAsync();
    }

    /// <summary>Ends the broker as a power failure does, and starts it again on what it had stored.</summary>
    public async Task KillAndStartAgainAsync()
    {
        Kill();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        using var epmd = Start("epmd", ["-port", $"{_epmdPort}", "-kill"]);
        await epmd.WaitForExitAsync();
        _folder.Delete(recursive: true);
    }

    private async Task StartAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "rabbitmq.conf"), $"listeners.tcp.1 = 127.0.0.1:{_port}\nlog.console = true\n");
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "enabled_plugins"), "[].");
        _server = Start(Package, []);
        var factory = new ConnectionFactory { Uri = Uri };
        var deadline = DateTime.UtcNow.AddSeconds(120);
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

    /// <summary>The Erlang machine is a child of the script that starts it.</summary>
    private void Kill()
    {
        _server?.Kill(entireProcessTree: true);
        _server?.WaitForExit();
        _server?.Dispose();
        _server = null;
    }

    private Process Start(string command, string[] arguments)
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
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
