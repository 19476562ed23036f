using System.Security.Cryptography;

namespace Paas.Hosting.Artifacts;

/// <summary>A file that is named by its content once it is written.</summary>
internal static class HashedFile
{
    private const int BufferSize = 128 * 1024;

    /// <summary>Writes a new file and hashes what goes by.</summary>
    /// <returns>The SHA-256 of its content, as 64 hex digits.</returns>
    public static async Task<string> WriteAsync(string path, Func<Stream, Task> write, bool flushToDisk, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize, useAsync: false);
        using var sha = SHA256.Create();
        await using (var hashing = new CryptoStream(file, sha, CryptoStreamMode.Write, leaveOpen: true))
            await write(hashing);
        cancellation.ThrowIfCancellationRequested();
        file.Flush(flushToDisk);
        return Convert.ToHexStringLower(sha.Hash!);
    }

    /// <summary>Opens a file that may be renamed, replaced and removed while it is read.</summary>
    public static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferSize);
}
