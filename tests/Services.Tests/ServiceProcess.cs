using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Paas.Services.Tests;

/// <summary>One service as a process of its own, on an address that stays the same over its restarts.</summary>
internal sealed class ServiceProcess(string name, string project, IReadOnlyDictionary<string, string> environment) : IDisposable
{
    private readonly StringBuilder _output = new();
    private Process? _process;

    /// <summary>Such as <c>image-builder.2</c>.</summary>
    public string Name => name;

    public Uri Url { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    public bool IsRunning => _process is { HasExited: false };

    public int Id => _process!.Id;

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public void Start()
    {
        var info = new ProcessStartInfo("dotnet", [BuiltPrograms.Find(project), "--urls", Url.ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in environment)
            info.Environment[key] = value;
        _process?.Dispose();
        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        Keep("--- killed ---");
    }

    /// <summary>Asks the process to stop, as a rolling restart does, and waits until it has.</summary>
    public async Task<int> StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _process!.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(PlatformClient.Patience);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.Append(name).Append(": ").AppendLine(line);
    }
}
