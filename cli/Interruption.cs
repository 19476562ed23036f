using System.Runtime.InteropServices;

namespace Paas.Cli;

/// <summary>
/// Ctrl-C, SIGTERM, and an output that no one reads anymore end what the command waits for. The command then
/// cleans up and exits. The second Ctrl-C does not wait for that.
/// </summary>
internal sealed partial class Interruption : IDisposable
{
    private const short PollError = 8, PollHangUp = 16;
    private static readonly TimeSpan OutputWatchInterval = TimeSpan.FromMilliseconds(300);
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private Timer? _outputWatch;

    public Interruption()
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        if (Console.IsOutputRedirected && !OperatingSystem.IsWindows())
            _outputWatch = new Timer(_ => LookAtOutput(), null, OutputWatchInterval, OutputWatchInterval);
    }

    public CancellationToken Token => _source.Token;

    public int ExitCode { get; private set; } = ExitCodes.Interrupted;

    /// <summary>Whether no one reads the output anymore, as after <c>| head -3</c>: there is no one to say anything to.</summary>
    public bool IsOutputClosed => ExitCode == ExitCodes.OutputClosed;

    /// <summary>Whether a second Ctrl-C waits as well: something has to be ended with this process.</summary>
    public bool MustTidyUp { get; set; }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _outputWatch?.Dispose();
        _outputWatch = null;
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!_source.IsCancellationRequested)
            End(context.Signal == PosixSignal.SIGINT ? ExitCodes.Interrupted : ExitCodes.Terminated);
        else if (!MustTidyUp)
            Environment.Exit(ExitCode);
    }

    private void End(int exitCode)
    {
        ExitCode = exitCode;
        _source.Cancel();
    }

    private void LookAtOutput()
    {
        var output = new PollFd { Descriptor = 1 };
        if (Poll(ref output, 1, 0) != 1 || (output.Returned & (PollError | PollHangUp)) == 0)
            return;
        _outputWatch?.Dispose();
        if (!_source.IsCancellationRequested)
            End(ExitCodes.OutputClosed);
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref PollFd descriptors, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int Descriptor;
        public short Asked;
        public short Returned;
    }
}
