using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paas.Servers;

namespace Paas.EndToEnd.Tests;

/// <summary>The standalone platform as a process of its own, driven over HTTP only.</summary>
internal sealed class Platform : PlatformClient, IAsyncDisposable
{
    private readonly string _dll;
    private readonly Dictionary<string, string> _environment;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly bool _ownsData;
    private int? _user;
    private string _url = "http://127.0.0.1:0";
    private int? _descriptors;
    private Process? _process;

    private Platform(string project, string? dataDirectory, (string Name, string Value)[] environment)
    {
        _dll = BuiltPrograms.Find(project);
        _ownsData = dataDirectory is null;
        DataDirectory = dataDirectory ?? Directory.CreateTempSubdirectory("paas-data-").FullName;
        _environment = environment.ToDictionary(variable => variable.Name, variable => variable.Value);
    }

    public string DataDirectory { get; }

    public override string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public static string RepositoryRoot => BuiltPrograms.RepositoryRoot;

    public static async Task<Platform> StartAsync(params (string Name, string Value)[] environment)
    {
        var platform = new Platform("Standalone", null, environment);
        await platform.StartProcessAsync();
        return platform;
    }

    /// <summary>The platform with a switch that kills it at a point: see KillSwitch.</summary>
    public static async Task<Platform> StartWithKillAtAsync(string point)
    {
        var platform = new Platform("KillHost", null, [("KILL_AT", point)]);
        await platform.StartProcessAsync();
        return platform;
    }

    /// <summary>The platform on a data directory that is not its own to delete.</summary>
    public static async Task<Platform> StartOnAsync(string dataDirectory, params (string Name, string Value)[] environment)
    {
        var platform = new Platform("Standalone", dataDirectory, environment);
        await platform.StartProcessAsync();
        return platform;
    }

    /// <summary>The platform with so many file descriptors, and no more.</summary>
    public static async Task<Platform> StartWithDescriptorsAsync(int descriptors)
    {
        var platform = new Platform("Standalone", null, []) { _descriptors = descriptors };
        await platform.StartProcessAsync();
        return platform;
    }

    /// <summary>Starts a process that is expected to end by itself.</summary>
    /// <returns>Its exit code, what it wrote to standard error, and all it wrote.</returns>
    public static async Task<(int ExitCode, string Errors, string Output)> RunToEndAsync(string dataDirectory, string url = "http://127.0.0.1:0", int? asUser = null)
    {
        await using var platform = new Platform("Standalone", dataDirectory, []) { _url = url, _user = asUser };
        platform.StartProcess();
        await platform._process!.WaitForExitAsync().WaitAsync(Patience);
        lock (platform._output)
            return (platform._process.ExitCode, platform._errors.ToString().Trim(), platform.Output);
    }

    public async Task StartAgainAsync(params (string Name, string Value)[] environment)
    {
        _environment.Remove("KILL_AT");
        foreach (var (name, value) in environment)
            _environment[name] = value;
        await StartProcessAsync();
    }

    public bool HasEnded => _process!.HasExited;

    public Task WaitForKillAsync() => _process!.WaitForExitAsync().WaitAsync(Patience);

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    public async Task<int> StopAsync()
    {
        Signal("-TERM");
        await _process!.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    /// <summary>The processes of an instance, which is known by its <c>PAAS_PROCESS</c>.</summary>
    public static IReadOnlyList<int> Processes(string instance) => Marked("PAAS_PROCESS=" + instance);

    /// <summary>The processes that belong to this platform, besides itself and the walls around them.</summary>
    public IReadOnlyList<int> Processes()
    {
        var mark = "PAAS_PROCESS=" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(DataDirectory)))[..16];
        return Marked(mark);
    }

    private static List<int> Marked(string mark) =>
        [.. Directory.GetDirectories("/proc").Select(System.IO.Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!))
            .Where(pid => ReadOrEmpty($"/proc/{pid}/environ").Contains(mark) && !ReadOrEmpty($"/proc/{pid}/stat").Contains(") Z ") && ReadOrEmpty($"/proc/{pid}/comm").Trim() != "bwrap")];

    /// <summary>How much memory the platform's own process holds.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{_process!.Id}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private async Task StartProcessAsync()
    {
        StartProcess();
        var access = System.IO.Path.Combine(DataDirectory, "local-access.json");
        await UntilAsync(
            () =>
            {
                if (_process!.HasExited)
                    throw new InvalidOperationException("The platform ended at its start:\n" + Output);
                if (!File.Exists(access))
                    return Task.FromResult(false);
                var found = JsonDocument.Parse(File.ReadAllText(access)).RootElement;
                if (found.GetProperty("processId").GetInt32() != _process.Id)
                    return Task.FromResult(false);
                Http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
                {
                    BaseAddress = new Uri(found.GetProperty("url").GetString()!),
                    Timeout = Patience,
                };
                Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", found.GetProperty("token").GetString());
                return Task.FromResult(true);
            },
            "the platform started");
    }

    private void StartProcess()
    {
        // A shell sets the umask, for tests that ask for one.
        string[] command = _environment.GetValueOrDefault("PAAS_TESTS_UMASK") is { } umask ? ["sh", "-c", $"umask {umask}; exec \"$@\"", "sh", "dotnet"]
            : _user is { } user ? ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups", "dotnet"]
            : _descriptors is { } limit ? ["prlimit", $"--nofile={limit}:{limit}", "dotnet"]
            : ["dotnet"];
        var info = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in command.Skip(1).Append(_dll))
            info.ArgumentList.Add(word);
        info.ArgumentList.Add("--urls");
        info.ArgumentList.Add(_url);
        info.Environment["Paas__DataDirectory"] = DataDirectory;
        info.Environment["Source__AllowFile"] = "true";
        foreach (var (name, value) in _environment)
            info.Environment[name] = value;
        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += (_, line) => Keep(line.Data, _output);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data, _output, _errors);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line, params ReadOnlySpan<StringBuilder> kept)
    {
        lock (_output)
        {
            foreach (var text in kept)
                text.AppendLine(line);
        }
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])!;
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            Signal("-TERM");
            if (!_process.WaitForExit(TimeSpan.FromSeconds(60)))
                _process.Kill(entireProcessTree: true);
        }

        _process?.Dispose();
        Http?.Dispose();
        foreach (var pid in Processes())
            Process.GetProcessById(pid).Kill();
        await UntilAsync(() => Task.FromResult(Processes().Count == 0), "all processes of the platform had ended");
        if (_ownsData)
            Directory.Delete(DataDirectory, recursive: true);
    }
}
