using System.Diagnostics;
using System.Text;
using Xunit;

namespace Paas.Servers;

/// <summary>An OCI registry of the tests' own, from Debian's package, in a folder of its own.</summary>
public sealed class RegistryServer : IAsyncLifetime
{
    public const string Username = "paas";
    public const string Password = "s3cret-of-the-registry";
    private const string Package = "/usr/bin/docker-registry";
    private const string PasswordTool = "/usr/bin/htpasswd";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-registry-");
    private readonly int _port = Ports.Free();
    private Process? _server;

    public static bool IsInstalled => File.Exists(Package) && File.Exists(PasswordTool);

    public Uri Url => new($"http://127.0.0.1:{_port}/");

    public bool IsRunning => _server is { HasExited: false };

    /// <summary>Where it keeps what it stores.</summary>
    public string Storage => Within("storage");

    /// <summary>Lets manifests be removed; off in a registry as it comes.</summary>
    public bool AllowsDeletion { get; init; } = true;

    /// <summary>The section <c>auth</c> of its configuration; name and password if there is none.</summary>
    public string? Auth { get; init; }

    /// <summary>What it has of unfinished uploads.</summary>
    public IReadOnlyList<string> Uploads => !Directory.Exists(Storage)
        ? []
        : [.. Directory.EnumerateDirectories(Storage, "_uploads", SearchOption.AllDirectories)
            .SelectMany(uploads => Directory.EnumerateFiles(uploads, "data", SearchOption.AllDirectories))];

    public static async Task<RegistryServer> StartNewAsync(bool allowsDeletion = true, string? auth = null)
    {
        var server = new RegistryServer { AllowsDeletion = allowsDeletion, Auth = auth };
        await server.InitializeAsync();
        return server;
    }

    public async ValueTask InitializeAsync()
    {
        if (!IsInstalled)
            return;
        var users = await RunAsync(PasswordTool, "-Bbn", Username, Password);
        await File.WriteAllTextAsync(Within("users"), users);
        await File.WriteAllTextAsync(Within("config.yml"),
            $$"""
            version: 0.1
            log: { level: error, accesslog: { disabled: true } }
            storage:
              filesystem: { rootdirectory: {{Storage}} }
              delete: { enabled: {{(AllowsDeletion ? "true" : "false")}} }
            http: { addr: "127.0.0.1:{{_port}}" }
            auth: {{Auth ?? $"{{ htpasswd: {{ realm: test, path: {Within("users")} }} }}"}}
            """);
        await StartAsync();
    }

    public async Task StartAsync()
    {
        var info = new ProcessStartInfo(Package, ["serve", Within("config.yml")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var log = new StringBuilder();
        _server = Process.Start(info)!;
        _server.OutputDataReceived += (_, _) => { };
        _server.ErrorDataReceived += (_, line) =>
        {
            lock (log)
                log.AppendLine(line.Data);
        };
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(Url, "/v2/"));
                return;
            }
            catch (HttpRequestException)
            {
                if (DateTime.UtcNow > deadline || _server.HasExited)
                    throw new TimeoutException($"The registry does not start: {log}");
                await Task.Delay(20);
            }
        }
    }

    /// <summary>Ends it as a power failure does.</summary>
    public void Kill()
    {
        _server?.Kill();
        _server?.WaitForExit();
        _server?.Dispose();
        _server = null;
    }

    /// <summary>Removes the blobs that no manifest refers to, as an operator does.</summary>
    public Task CollectGarbageAsync() => RunAsync(Package, "garbage-collect", Within("config.yml"));

    public ValueTask DisposeAsync()
    {
        Kill();
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private string Within(string name) => Path.Combine(_folder.FullName, name);

    private static async Task<string> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{command} ended with {process.ExitCode}: {await errors}");
    }
}
