using System.Diagnostics;
using System.Runtime.InteropServices;
using Paas.Servers;

namespace Paas.Bench;

/// <summary>A service, or a part of a benchmark, as a process of its own.</summary>
internal sealed partial class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly HttpClient Http = new();
    private readonly Process _process;
    private readonly Queue<string> _lastWords = new();

    private ServiceProcess(string name, string dll, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> settings)
    {
        Name = name;
        Url = $"http://127.0.0.1:{Ports.Free()}";
        var info = new ProcessStartInfo("dotnet", [dll, .. arguments, "--urls", Url]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (variable, value) in settings)
            info.Environment[variable] = value;
        _process = Process.Start(info)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }
    public string Url { get; }
    public int Id => _process.Id;

    /// <summary>Starts a project's release build, and waits until it is ready.</summary>
    public static Task<ServiceProcess> StartAsync(string project, IReadOnlyDictionary<string, string> settings) =>
        ReadyAsync(new ServiceProcess(project, DllOf(project), [], settings));

    /// <summary>Starts this program again, for another part of the benchmark.</summary>
    public static Task<ServiceProcess> StartSelfAsync(string command, IReadOnlyDictionary<string, string> settings) =>
        ReadyAsync(new ServiceProcess(command, Environment.GetCommandLineArgs()[0], [command], settings));

    private static string DllOf(string project)
    {
        // artifacts/bin/Bench/release/
        var builds = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../.."));
        return Path.Combine(builds, project, "release", $"Paas.{project}.dll");
    }

    private static async Task<ServiceProcess> ReadyAsync(ServiceProcess service)
    {
        var begun = Stopwatch.StartNew();
        while (!await service.IsReadyAsync())
        {
            if (service._process.HasExited || begun.Elapsed > Patience)
            {
                var said = service.LastWords();
                await service.DisposeAsync();
                throw new BenchmarkException($"{service.Name} did not become ready; the last it said was:{Environment.NewLine}{said}");
            }

            await Task.Delay(100);
        }

        return service;
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await Http.GetAsync($"{Url}/health/ready");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, SignalTerminate);
            using var patience = new CancellationTokenSource(Patience);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    public string LastWords()
    {
        lock (_lastWords)
            return string.Join(Environment.NewLine, _lastWords);
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_lastWords)
        {
            _lastWords.Enqueue(line);
            if (_lastWords.Count > 20)
                _lastWords.Dequeue();
        }
    }

    private const int SignalTerminate = 15;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
