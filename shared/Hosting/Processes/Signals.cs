using System.Runtime.InteropServices;

namespace Paas.Hosting.Processes;

/// <summary>POSIX signals, <c>kill(2)</c>.</summary>
internal static partial class Signals
{
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <param name="pid">A process, or the negative id of a process group.</param>
    /// <param name="signal">The signal's number.</param>
    public static void Send(int pid, int signal)
    {
        if (!OperatingSystem.IsWindows())
            _ = SendSignal(pid, signal); // one that has ended already is fine
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);
}
