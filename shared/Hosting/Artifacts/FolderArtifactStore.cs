using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Paas.Hosting.Artifacts;

/// <summary>An artifact store in a folder, which several processes may share: <c>sha256/ab/abcd…</c>.</summary>
public sealed partial class FolderArtifactStore : IArtifactStore
{
    private readonly string _root;
    private readonly string _incoming;

    public FolderArtifactStore(string root)
    {
        _root = Path.Combine(root, "sha256");
        _incoming = Path.Combine(root, "incoming");
        Directory.CreateDirectory(_root);
        Directory.CreateDirectory(_incoming);
    }

    public async Task<string> SaveAsync(Func<Stream, Task> write, CancellationToken cancellation)
    {
        var incoming = Path.Combine(_incoming, Guid.NewGuid().ToString("N"));
        try
        {
            string hash;
            await using (var file = new FileStream(incoming, FileMode.CreateNew, FileAccess.Write, FileShare.None, 128 * 1024, useAsync: false))
            {
                using var sha = SHA256.Create();
                await using (var hashing = new CryptoStream(file, sha, CryptoStreamMode.Write, leaveOpen: true))
                    await write(hashing);
                cancellation.ThrowIfCancellationRequested();
                hash = Convert.ToHexStringLower(sha.Hash!);
                file.Flush(flushToDisk: true);
            }

            var path = PathOf(hash);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(incoming, path, overwrite: true);
            return "sha256:" + hash;
        }
        finally
        {
            File.Delete(incoming);
        }
    }

    public Task<Stream> OpenAsync(string digest, CancellationToken cancellation)
    {
        if (!Digest().IsMatch(digest))
            throw new ArtifactNotFoundException(digest);
        var path = PathOf(digest["sha256:".Length..]);
        if (!File.Exists(path))
            throw new ArtifactNotFoundException(digest);
        return Task.FromResult<Stream>(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 128 * 1024));
    }

    private string PathOf(string hash) => Path.Combine(_root, hash[..2], hash);

    [GeneratedRegex("^sha256:[0-9a-f]{64}$")]
    private static partial Regex Digest();
}
