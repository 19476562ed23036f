namespace Paas.Hosting.Processes;

/// <summary>
/// A lock that excludes every other holder on this machine, in this process and in all others. The system frees it
/// when its process dies, however it dies.
/// </summary>
public sealed class FileLock : IDisposable
{
    private const int WouldBlock = 11;
    private const int WouldBlockMac = 35;
    private const int SharingViolation = unchecked((int)0x80070020);
    private static readonly TimeSpan Polling = TimeSpan.FromMilliseconds(50);
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>
    /// Takes the lock, unless somebody has it. The file stays when the lock is given back: removing it would let two
    /// hold the lock at once.
    /// </summary>
    /// <param name="path">The lock's file; made if it is not there. Its time says when the lock was last taken.</param>
    /// <param name="now">That time; null leaves it as it is.</param>
    /// <returns>Null if somebody else has it.</returns>
    public static FileLock? TryTake(string path, DateTime? now = null)
    {
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (now is { } time)
                File.SetLastWriteTimeUtc(file.SafeFileHandle, time);
            return new FileLock(file);
        }
        catch (IOException exception) when (exception.HResult is WouldBlock or WouldBlockMac or SharingViolation)
        {
            return null;
        }
    }

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock's file.</param>
    /// <param name="clock">Measures the wait.</param>
    /// <param name="waiting">Called once, if somebody else has it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<FileLock> TakeAsync(string path, TimeProvider clock, Action? waiting, CancellationToken cancellation)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            if (TryTake(path, clock.GetUtcNow().UtcDateTime) is { } taken)
                return taken;
            if (isFirst)
                waiting?.Invoke();
            await Task.Delay(Polling, clock, cancellation);
        }
    }

    public void Dispose() => _file.Dispose();
}
