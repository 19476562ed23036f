using System.Runtime.InteropServices;

namespace Paas.Hosting.Processes;

/// <summary>POSIX signals, <c>kill(2)</c>.</summary>
internal static partial class Signals
{
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <param name="pid">A process, or the negative id of a process group.</param>
    /// <param name="signal">The signal's number.</param>
    /// <returns>False if there is no such process or group.</returns>
    public static bool Send(int pid, int signal) => !OperatingSystem.IsWindows() && SendSignal(pid, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);
}
