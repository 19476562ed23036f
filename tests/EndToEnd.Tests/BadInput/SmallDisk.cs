using System.Diagnostics;

namespace Paas.EndToEnd.Tests.BadInput;

/// <summary>A disk of a few megabytes, in memory. Only root may mount one: without, the test is skipped.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-disk-");

    public string Folder => _folder.FullName;

    private string Filler => Path.Combine(Folder, "filler");

    public static SmallDisk Mount(string size)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can mount a small disk.");
        var disk = new SmallDisk();
        try
        {
            Tool.Run("mount", "-t", "tmpfs", "-o", $"size={size},mode=0755", "tmpfs", disk.Folder);
            return disk;
        }
        catch (ToolFailedException failed)
        {
            disk._folder.Delete();
            Assert.Skip($"A small disk can't be mounted here, even as root: {failed.Message}");
            throw;
        }
    }

    /// <summary>Leaves not a byte.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var block in new[] { new byte[1 << 16], new byte[1] })
        {
            try
            {
                while (true)
                    file.Write(block);
            }
            catch (IOException)
            {
                // full
            }
        }
    }

    public void MakeRoom() => File.Delete(Filler);

    public void MakeReadOnly() => Tool.Run("mount", "-o", "remount,ro", Folder);

    public void Dispose()
    {
        Tool.Run("umount", "--lazy", Folder);
        _folder.Delete();
    }
}

internal sealed class ToolFailedException(string message) : Exception(message);

internal static class Tool
{
    public static string Run(string file, params string[] arguments)
    {
        using var tool = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = tool.StandardError.ReadToEndAsync();
        var output = tool.StandardOutput.ReadToEnd();
        tool.WaitForExit();
        return tool.ExitCode == 0 ? output : throw new ToolFailedException($"{file} ended with {tool.ExitCode}: {errors.Result.Trim()}");
    }
}
