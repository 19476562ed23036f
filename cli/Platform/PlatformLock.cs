using System.Globalization;

namespace Paas.Cli.Platform;

/// <summary>The lock that a standalone platform holds on its data directory as long as it lives.</summary>
internal static class PlatformLock
{
    private const string FileName = "platform.lock";

    /// <summary>Whether this very process holds it: another may have got the id of one that was killed.</summary>
    public static bool IsHeld(string dataDirectory, int processId)
    {
        var file = Path.Combine(dataDirectory, FileName);
        try
        {
            return OperatingSystem.IsLinux() ? IsHeldOnLinux(dataDirectory, processId) : IsTaken(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, or is another user's
        }
    }

    /// <summary>Linux tells which files a process has open, and which locks it holds on them (proc(5)).</summary>
    private static bool IsHeldOnLinux(string dataDirectory, int processId)
    {
        var process = $"/proc/{processId.ToString(CultureInfo.InvariantCulture)}";
        if (!Directory.Exists(process) || RealFolderOf(LocalAccess.FilePath(dataDirectory)) is not { } folder)
            return false;
        var real = Path.Combine(folder, FileName);
        return Directory.EnumerateFileSystemEntries($"{process}/fd").Any(open =>
            LinkTargetOf(open) == real && File.ReadAllText($"{process}/fdinfo/{Path.GetFileName(open)}").Contains("lock:", StringComparison.Ordinal));
    }

    /// <summary>Other systems tell only that a process holds the lock, not which one.</summary>
    private static bool IsTaken(string file)
    {
        if (!File.Exists(file))
            return false;
        try
        {
            using var taken = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>The folder of a file without any links on the way.</summary>
    private static string? RealFolderOf(string file)
    {
        // Not the lock's own: to open it takes a lock, and no platform could start meanwhile.
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Path.GetDirectoryName(LinkTargetOf($"/proc/self/fd/{handle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture)}"));
    }

    private static string? LinkTargetOf(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (IOException)
        {
            return null; // closed meanwhile
        }
    }
}
