namespace Paas.Hosting;

/// <summary>Folders and files that are their owner's only, whatever the umask, and whatever they were before.</summary>
public static class PrivateFolder
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const UnixFileMode OwnerOfFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a folder, or closes one that others can look into.</summary>
    /// <exception cref="UnauthorizedAccessException">It is another user's.</exception>
    public static void Prepare(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, Owner);
        Close(path, Owner);
    }

    /// <summary>Makes an empty file, or closes one that others can read. What SQLite keeps beside a database takes its mode from that.</summary>
    /// <exception cref="UnauthorizedAccessException">It is another user's.</exception>
    public static void PrepareFile(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        if (File.Exists(path))
            Close(path, OwnerOfFile);
        else
            new FileStream(path, Creating(FileMode.OpenOrCreate)).Dispose();
    }

    /// <summary>Writes a file whole or not at all.</summary>
    public static void WriteFile(string path, Action<Stream> write)
    {
        var half = path + ".new";
        File.Delete(half);
        using (var file = new FileStream(half, Creating(FileMode.CreateNew)))
        {
            write(file);
            file.Flush(flushToDisk: true);
        }

        File.Move(half, path, overwrite: true);
    }

    private static FileStreamOptions Creating(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOfFile;
        return options;
    }

    private static void Close(string path, UnixFileMode allowed)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != UnixFileMode.None)
            File.SetUnixFileMode(path, allowed);
    }
}
