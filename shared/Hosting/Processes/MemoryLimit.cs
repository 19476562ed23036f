using System.Runtime.InteropServices;

namespace Paas.Hosting.Processes;

/// <summary>
/// Limits the address space of a process and of each one it starts: <c>prlimit</c> of util-linux sets the limit before the
/// command runs; where it is missing, <c>prlimit(2)</c> sets it right after the start.
/// </summary>
internal static partial class MemoryLimit
{
    private const int AddressSpace = 9; // RLIMIT_AS

    public static string? Command { get; } = OperatingSystem.IsLinux() ? ChildProcess.FindCommand("prlimit", "/", "/usr/bin:/bin") : null;

    public static void Set(int pid, long bytes)
    {
        var limit = new Limit { Soft = (ulong)bytes, Hard = (ulong)bytes };
        if (OperatingSystem.IsLinux())
            _ = SetLimit(pid, AddressSpace, limit, 0); // a process that has ended already needs none
    }

    [LibraryImport("libc", EntryPoint = "prlimit64")]
    private static partial int SetLimit(int pid, int resource, in Limit limit, nint old);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
