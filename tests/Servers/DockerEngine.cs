using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Xunit;

namespace Paas.Servers;

/// <summary>
/// A Docker Engine of the tests' own, from Debian's packages: its data, its socket and its bridge are apart from any
/// other engine on the machine, whose rules and containers it leaves alone. Needs root.
/// </summary>
public sealed class DockerEngine : IAsyncLifetime
{
    private const string Package = "/usr/sbin/dockerd";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("paas-docker-").FullName;
    private Process? _server;
    private string? _bridge;
    private int _net;

    public static bool IsInstalled => Environment.IsPrivilegedProcess && File.Exists(Package) && File.Exists("/usr/sbin/iptables") && Programs.Exist("ip", "busybox");

    /// <summary>For <c>Docker__Endpoint</c>.</summary>
    public string Endpoint => $"unix://{Socket}";

    public string Socket => Path.Combine(_folder, "docker.sock");

    /// <summary>Where containers reach this machine.</summary>
    public string Gateway => $"10.{_net}.0.1";

    public bool IsRunning => _server is { HasExited: false };

    /// <summary>Limits what the engine can store, in MiB; null for the disk's own limit.</summary>
    public int? DiskSize { get; init; }

    /// <summary>The control group for all that the engine starts; null for its own choice, which other engines share.</summary>
    public string? CgroupParent { get; init; }

    public static async Task<DockerEngine> StartNewAsync(int? diskSize = null)
    {
        var engine = new DockerEngine { DiskSize = diskSize };
        await engine.InitializeAsync();
        return engine;
    }

    public async ValueTask InitializeAsync()
    {
        if (!IsInstalled)
            return;
        await MakeBridgeAsync();
        // Before version 23 an engine's id comes from this file, and all engines of a machine would have the same.
        await File.WriteAllTextAsync(Within("daemon.json"), $$"""{ "deprecated-key-path": "{{Within("key.json")}}" }""");
        Directory.CreateDirectory(Within("data"));
        if (DiskSize is { } megabytes)
            await RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "paas-docker", Within("data"));
        await StartAsync();
    }

    /// <summary>Starts the engine on what it had stored, and waits until it can be used.</summary>
    public async Task StartAsync()
    {
        var info = new ProcessStartInfo("setsid",
        [
            Package, "--config-file", Within("daemon.json"), "--data-root", Within("data"), "--exec-root", Within("run"), "--pidfile", Within("pid"),
            "--host", Endpoint, "--bridge", _bridge!, "--default-address-pool", $"base=10.{_net}.128.0/17,size=24",
            .. CgroupParent is null ? Array.Empty<string>() : ["--cgroup-parent", CgroupParent],
            "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false",
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        // Where it keeps what builds download and unpack.
        info.Environment["DOCKER_TMPDIR"] = Within("tmp");
        Directory.CreateDirectory(Within("tmp"));
        var log = new Queue<string>();
        _server = Process.Start(info)!;
        _server.OutputDataReceived += (_, _) => { };
        _server.ErrorDataReceived += (_, line) =>
        {
            lock (log)
            {
                log.Enqueue(line.Data ?? "");
                while (log.Count > 30)
                    log.Dequeue();
            }
        };
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
        var deadline = DateTime.UtcNow + Patience;
        while (!await AnswersAsync())
        {
            if (_server.HasExited || DateTime.UtcNow > deadline)
            {
                lock (log)
                    throw new InvalidOperationException($"The Docker Engine did not start:\n{string.Join('\n', log)}");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>Ends the engine as a power failure does: itself, its containers, and all it has started.</summary>
    public void Kill()
    {
        if (_server is null)
            return;
        var all = WithDescendants([_server.Id, .. OwnProcesses()]);
        _server.Kill(entireProcessTree: true);
        _server.WaitForExit((int)Patience.TotalMilliseconds);
        _server.Dispose();
        _server = null;
        // Containers are not the engine's children, but of shims that outlive it.
        foreach (var pid in OwnProcesses())
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                process.Kill(entireProcessTree: true);
                process.WaitForExit((int)Patience.TotalMilliseconds);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
            {
                // It has ended meanwhile.
            }
        }

        // What was killed may not be dead yet, and so the port of a container still be open.
        if (!SpinWait.SpinUntil(() => !all.Exists(Runs), Patience))
            throw new TimeoutException("The processes of the engine did not end.");
        foreach (var mount in Mounts().Where(mount => mount != Within("data")))
            Process.Start("umount", ["-l", mount]).WaitForExit();
        File.Delete(Within("pid"));
        // Nobody may have waited for the killed containerd yet: the next engine would take it for one that still runs.
        if (Directory.Exists(Within("run/containerd")))
            File.Delete(Within("run/containerd/containerd.pid"));
    }

    /// <summary>Makes an image out of a folder's files.</summary>
    public Task ImportAsync(string folder, string image) => ImportAsync(["-C", folder, "-c", "."], image);

    /// <summary>Makes an image out of what <c>tar</c> packs with these arguments, with lines of a Dockerfile such as <c>CMD</c>.</summary>
    internal async Task ImportAsync(IEnumerable<string> arguments, string image, params string[] changes)
    {
        using var tar = Process.Start(new ProcessStartInfo("tar", arguments) { RedirectStandardOutput = true })!;
        var start = new ProcessStartInfo("docker", ["--host", Endpoint, "import", .. changes.SelectMany(change => new[] { "--change", change }), "-", image])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var import = Process.Start(start)!;
        await tar.StandardOutput.BaseStream.CopyToAsync(import.StandardInput.BaseStream);
        import.StandardInput.Close();
        await import.StandardOutput.ReadToEndAsync();
        await import.WaitForExitAsync();
        await tar.WaitForExitAsync();
        if (tar.ExitCode != 0 || import.ExitCode != 0)
            throw new InvalidOperationException($"tar and docker import of {image} ended with {tar.ExitCode} and {import.ExitCode}.");
    }

    /// <summary>Makes an image with a shell and the usual small programs, 2 MB.</summary>
    public async Task ImportBusyBoxAsync(string image = "busybox:latest")
    {
        var folder = Directory.CreateTempSubdirectory("paas-busybox-");
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "bin"));
            Directory.CreateDirectory(Path.Combine(folder.FullName, "tmp"));
            var busybox = Path.Combine(folder.FullName, "bin", "busybox");
            File.Copy("/bin/busybox", busybox);
            foreach (var program in (await RunAsync("/bin/busybox", "--list")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(program => program != "busybox"))
                File.CreateSymbolicLink(Path.Combine(folder.FullName, "bin", program), "busybox");
            await ImportAsync(folder.FullName, image);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Docker's own command, against this engine.</summary>
    public Task<string> DockerAsync(params string[] arguments) => RunAsync("docker", ["--host", Endpoint, .. arguments]);

    /// <summary>What a container has printed, errors first.</summary>
    public async Task<string> LogAsync(string container)
    {
        using var process = Process.Start(new ProcessStartInfo("docker", ["--host", Endpoint, "logs", container]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        return await process.StandardError.ReadToEndAsync() + await output;
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        // Whatever lies within is unmounted, the deepest first; what is mounted twice, and what a last process still held, in the next round.
        var deadline = DateTime.UtcNow + Patience;
        while (Mounts() is { Count: > 0 } mounts && DateTime.UtcNow < deadline)
        {
            foreach (var mount in mounts)
                Process.Start("umount", ["-l", mount]).WaitForExit();
        }

        if (_bridge is not null)
        {
            var links = (await RunAsync("ip", "-4", "-o", "address", "show")).Split('\n')
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 3 && words[3].StartsWith($"10.{_net}.", StringComparison.Ordinal)).Select(words => words[1]);
            foreach (var link in links.Append(_bridge).Distinct().ToList())
                await RunAsync("ip", "link", "delete", link);
        }

        await RunAsync("rm", "-rf", "--one-file-system", _folder);
    }

    private string Within(string name) => Path.Combine(_folder, name);

    /// <summary>A network that nothing on the machine uses: whoever makes the bridge has it.</summary>
    private async Task MakeBridgeAsync()
    {
        foreach (var net in Enumerable.Range(150, 63).OrderBy(_ => Random.Shared.Next()))
        {
            if ((await RunAsync("ip", "-4", "route", "show", "root", $"10.{net}.0.0/16")).Length > 0)
                continue;
            try
            {
                await RunAsync("ip", "link", "add", "name", $"paas-test-{net}", "type", "bridge");
            }
            catch (InvalidOperationException)
            {
                continue; // another test has just taken it
            }

            (_bridge, _net) = ($"paas-test-{net}", net);
            await RunAsync("ip", "address", "add", $"10.{net}.0.1/24", "dev", _bridge);
            await RunAsync("ip", "link", "set", _bridge, "up");
            return;
        }

        throw new InvalidOperationException("None of the networks 10.150.0.0/16 to 10.212.0.0/16 is free on this machine.");
    }

    private async Task<bool> AnswersAsync()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
            // It listens a moment before it is ready, and one that was killed may still do so for a moment.
            await socket.SendAsync("GET /_ping HTTP/1.0\r\n\r\n"u8.ToArray());
            var answer = new byte[12];
            return await socket.ReceiveAsync(answer) == answer.Length && System.Text.Encoding.ASCII.GetString(answer).EndsWith("200", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private IEnumerable<int> OwnProcesses()
    {
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                continue;
            string command;
            try
            {
                command = File.ReadAllText($"{folder}/cmdline");
            }
            catch (IOException)
            {
                continue;
            }

            if (command.Contains(Within("run"), StringComparison.Ordinal))
                yield return pid;
        }
    }

    private List<string> Mounts() => [.. File.ReadAllLines("/proc/self/mounts").Select(line => line.Split(' ')[1])
        .Where(mount => mount.StartsWith(_folder + "/", StringComparison.Ordinal)).OrderDescending(StringComparer.Ordinal)];

    private static List<int> WithDescendants(IEnumerable<int> processes)
    {
        var parents = Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => (Id: int.Parse(name!, CultureInfo.InvariantCulture), Status: StatusOf(name!))).Where(process => process.Status.Length > 1)
            .ToLookup(process => int.Parse(process.Status[1], CultureInfo.InvariantCulture), process => process.Id);
        var all = new List<int>();
        var next = new Queue<int>(processes);
        while (next.TryDequeue(out var process))
        {
            all.Add(process);
            foreach (var child in parents[process])
                next.Enqueue(child);
        }

        return all;
    }

    private static bool Runs(int process) => StatusOf(process.ToString(CultureInfo.InvariantCulture)) is [not ("Z" or "X"), ..];

    /// <summary>State and parent, and what comes after; empty if there is no such process.</summary>
    private static string[] StatusOf(string process)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{process}/stat");
            return line[(line.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static async Task<string> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await error}");
    }

    private static class Programs
    {
        public static bool Exist(params string[] names) => names.All(name =>
            new[] { "/bin", "/usr/bin", "/sbin", "/usr/sbin" }.Any(folder => File.Exists(Path.Combine(folder, name))));
    }
}
