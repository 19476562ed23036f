using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Paas.Services.Tests;

/// <summary>One service as a process of its own, on an address that stays the same over its restarts.</summary>
internal sealed class ServiceProcess(string name, string project, IReadOnlyDictionary<string, string> environment) : IDisposable
{
    private readonly StringBuilder _output = new();
    private readonly Lock _gate = new();
    private Process? _process;
    private bool _isWanted;

    /// <summary>How often it has ended without being asked to, and was started again.</summary>
    public int Restarts { get; private set; }

    /// <summary>Such as <c>image-builder.2</c>.</summary>
    public string Name => name;

    public Uri Url { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    /// <summary>Environment variables of this one alone, as of its next start.</summary>
    public Dictionary<string, string> Settings { get; } = [];

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

    /// <summary>Starts it, and starts it again whenever it ends by itself: as systemd, Docker or Kubernetes would.</summary>
    public void Start()
    {
        lock (_gate)
        {
            _isWanted = true;
            StartProcess();
        }
    }

    private void StartProcess()
    {
        var info = new ProcessStartInfo("dotnet", [BuiltPrograms.Find(project), "--urls", Url.ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in environment.Concat(Settings))
            info.Environment[key] = value;
        _process = new Process { StartInfo = info, EnableRaisingEvents = true };
        _process.Exited += (sender, _) => Revive((Process)sender!);
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public async Task KillAsync()
    {
        lock (_gate)
            _isWanted = false;
        _process!.Kill();
        await _process.WaitForExitAsync();
        Keep("--- killed ---");
    }

    /// <summary>Asks the process to stop, as a rolling restart does, and waits until it has.</summary>
    public async Task<int> StopAsync()
    {
        lock (_gate)
            _isWanted = false;
        using (var kill = Process.Start("kill", ["-TERM", _process!.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(PlatformClient.Patience);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        lock (_gate)
            _isWanted = false;
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
    }

    private void Revive(Process ended)
    {
        lock (_gate)
        {
            if (!_isWanted || !ReferenceEquals(ended, _process))
                return;
            Restarts++;
            Keep("--- ended by itself, and started again ---");
            StartProcess();
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.Append(name).Append(": ").AppendLine(line);
    }
}
