using Paas.Hosting;

namespace Paas.Standalone;

/// <summary>
/// The folder with everything the platform stores. It belongs to one platform at a time: two on the same data would
/// run every deployment twice.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private const int ProbeBytes = 256 * 1024;
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    public string Path { get; }

    /// <exception cref="StartException">The folder can't be written to, is full, or another platform uses it.</exception>
    public static DataDirectory Prepare(IConfiguration configuration)
    {
        var path = System.IO.Path.GetFullPath(configuration[$"{PaasOptions.Section}:DataDirectory"] ?? PaasOptions.DefaultDataDirectory);
        try
        {
            Close(path);
            TryToWrite(path);
            return new DataDirectory(path, Lock(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartException(StandaloneTexts.DataDirectory(path, exception));
        }
    }

    /// <summary>It holds keys and a database: other users must not look into it, even if somebody else has made it.</summary>
    private static void Close(string path)
    {
        try
        {
            PrivateFolder.Prepare(path);
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(path))
        {
            throw new StartException(StandaloneTexts.DataDirectoryOpen(path));
        }
    }

    /// <summary>A full disk shows itself here, in a file of its own, and not in the middle of the database.</summary>
    private static void TryToWrite(string path)
    {
        var probe = System.IO.Path.Combine(path, $"probe-{Environment.ProcessId}");
        try
        {
            using var file = new FileStream(probe, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            file.Write(new byte[ProbeBytes]);
            file.Flush(flushToDisk: true);
        }
        finally
        {
            File.Delete(probe);
        }
    }

    private static FileStream Lock(string path)
    {
        var file = System.IO.Path.Combine(path, "platform.lock");
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new StartException(StandaloneTexts.DataDirectoryInUse(path));
        }
    }

    public void Dispose() => _lock.Dispose();
}
