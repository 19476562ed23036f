using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Paas.Cli.Platform;

/// <summary>The standalone platform as a child of this process, which never outlives it on purpose.</summary>
internal sealed partial class StandaloneProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(40);
    private readonly Process _process;
    private readonly Task _output;
    private readonly Queue<string> _lastErrors = new();

    private StandaloneProcess(Process process, TextWriter? log)
    {
        _process = process;
        _output = log is null ? Task.CompletedTask : PumpAsync(process, log);
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it said on standard error when it ended.</summary>
    public string LastErrors
    {
        get
        {
            lock (_lastErrors)
                return string.Join(' ', _lastErrors);
        }
    }

    /// <summary>Writes to this process's own terminal.</summary>
    public static StandaloneProcess StartAttached(Session session, string? urls) => new(Start(Info(session, urls)), null);

    /// <summary>Writes to a log.</summary>
    public static StandaloneProcess StartLogged(Session session, string? urls, TextWriter log, params (string Name, string Value)[] environment)
    {
        var info = Info(session, urls);
        info.RedirectStandardOutput = info.RedirectStandardError = info.RedirectStandardInput = true;
        foreach (var (name, value) in environment)
            info.Environment[name] = value;
        var process = Start(info);
        process.StandardInput.Close();
        return new StandaloneProcess(process, log);
    }

    public Task WaitForExitAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>Waits for its end; when asked to stop, stops it first.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellation)
    {
        try
        {
            await _process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            await StopAsync();
        }

        await _output;
        return _process.ExitCode;
    }

    /// <summary>Asks it to end with all its apps, and ends it and them by force if it does not.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
            _ = SendSignal(_process.Id, SigTerm);
        try
        {
            using var grace = new CancellationTokenSource(Grace);
            await _process.WaitForExitAsync(grace.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _output;
        _process.Dispose();
    }

    private static ProcessStartInfo Info(Session session, string? urls)
    {
        var environment = session.Terminal.Environment;
        var platform = environment("PAAS_STANDALONE") is { Length: > 0 } given
            ? given
            : Path.Combine(AppContext.BaseDirectory, "..", "..", "Standalone", "release", "Paas.Standalone.dll");
        if (!File.Exists(platform))
            throw CliException.Platform(CliTexts.StandaloneMissing(Path.GetFullPath(platform)));
        var info = new ProcessStartInfo("dotnet") { UseShellExecute = false };
        info.ArgumentList.Add(Path.GetFullPath(platform));
        if (urls is not null)
        {
            info.ArgumentList.Add("--urls");
            info.ArgumentList.Add(urls);
        }

        info.Environment["Paas__DataDirectory"] = session.Finder.DataDirectory;
        return info;
    }

    private static Process Start(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (Win32Exception exception)
        {
            throw CliException.Platform(CliTexts.StandaloneNotStarted(exception.Message));
        }
    }

    private async Task PumpAsync(Process process, TextWriter log)
    {
        var gate = new Lock();
        await Task.WhenAll(CopyAsync(process.StandardOutput, isError: false), CopyAsync(process.StandardError, isError: true));

        async Task CopyAsync(StreamReader lines, bool isError)
        {
            while (await lines.ReadLineAsync() is { } line)
            {
                lock (gate)
                    TryLog(log, line);
                if (isError && !string.IsNullOrWhiteSpace(line))
                    Remember(line.Trim());
            }
        }
    }

    private void Remember(string line)
    {
        lock (_lastErrors)
        {
            _lastErrors.Enqueue(line);
            while (_lastErrors.Count > 3)
                _lastErrors.Dequeue();
        }
    }

    // A full disk must not block the platform on a pipe that nobody empties.
    private static void TryLog(TextWriter log, string line)
    {
        try
        {
            log.WriteLine(line);
            log.Flush();
        }
        catch (IOException exception)
        {
            Debug.WriteLine(exception.Message);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);
}
