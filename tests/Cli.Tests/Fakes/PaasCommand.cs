using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Paas.Cli.Tests.Fakes;

internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>The built command, run as a process in folders of its own.</summary>
internal sealed class PaasCommand : IDisposable
{
    public static readonly string Dll = Path.Combine(AppContext.BaseDirectory, "paas.dll");
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    public PaasCommand(FakePlatform? platform = null)
    {
        Directory.CreateDirectory(DataDirectory);
        Environment = new Dictionary<string, string?>
        {
            ["Paas__DataDirectory"] = DataDirectory,
            ["XDG_CONFIG_HOME"] = ConfigHome,
            ["PAAS_URL"] = platform?.Url,
            ["PAAS_TOKEN"] = platform is null ? null : FakePlatform.Token,
            ["PAAS_COMMAND"] = null,
            ["PAAS_STANDALONE"] = null,
            ["NO_COLOR"] = null,
            ["TZ"] = "UTC",
            ["LANG"] = "C.UTF-8",
        };
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("paas cli ").FullName;

    public string DataDirectory => Path.Combine(Folder, "data");

    public string ConfigHome => Path.Combine(Folder, "config");

    public Dictionary<string, string?> Environment { get; }

    public Task<Outcome> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    public async Task<Outcome> RunAsync(string? input, string[] arguments)
    {
        using var running = Start(arguments);
        if (input is not null)
            await running.Process.StandardInput.WriteAsync(input);
        running.Process.StandardInput.Close();
        return await running.EndAsync();
    }

    public RunningCommand Start(params string[] arguments) => StartProgram("dotnet", [Dll, .. arguments]);

    public RunningCommand StartProgram(string program, IReadOnlyList<string> arguments)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (var (name, value) in Environment)
            info.Environment[name] = value;
        return new RunningCommand(Process.Start(info)!);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>A command under way.</summary>
    internal sealed class RunningCommand : IDisposable
    {
        private readonly StringBuilder _output = new();
        private readonly StringBuilder _error = new();
        private readonly Task _reading;

        public RunningCommand(Process process)
        {
            Process = process;
            _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _error));
        }

        public Process Process { get; }

        public string Output => Text(_output);

        public async Task<Outcome> EndAsync(TimeSpan? within = null)
        {
            using var deadline = new CancellationTokenSource(within ?? Deadline);
            try
            {
                await Process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Process.Kill(entireProcessTree: true);
                throw new TimeoutException($"The command did not end. It said:\n{Output}\n{Text(_error)}");
            }

            await _reading;
            return new Outcome(Process.ExitCode, Text(_output), Text(_error));
        }

        public Task SeesAsync(string text) => Wait.UntilAsync(() => Output.Contains(text, StringComparison.Ordinal), () => $"'{text}' in:\n{Output}\n{Text(_error)}");

        public void Interrupt() => _ = SendSignal(Process.Id, 2);

        public void Terminate() => _ = SendSignal(Process.Id, 15);

        public void Dispose()
        {
            if (!Process.HasExited)
                Process.Kill(entireProcessTree: true);
            Process.Dispose();
        }

        private static string Text(StringBuilder builder)
        {
            lock (builder)
                return builder.ToString();
        }

        private static async Task ReadAsync(StreamReader reader, StringBuilder into)
        {
            var buffer = new char[4096];
            while (await reader.ReadAsync(buffer) is > 0 and var read)
            {
                lock (into)
                    into.Append(buffer, 0, read);
            }
        }

        [DllImport("libc", EntryPoint = "kill")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int SendSignal(int pid, int signal);
    }
}

internal static class Wait
{
    public static async Task UntilAsync(Func<bool> condition, Func<string> what)
    {
        var begun = Stopwatch.StartNew();
        while (!condition())
        {
            if (begun.Elapsed > TimeSpan.FromSeconds(60))
                throw new TimeoutException($"Waited in vain for {what()}");
            await Task.Delay(20);
        }
    }
}
