using System.Runtime.CompilerServices;

namespace Paas.Hosting.Artifacts;

/// <summary>
/// An artifact store in a folder, which several processes may share: <c>sha256/ab/abcd…</c>. A file's time of change
/// is the time at which the artifact was last saved.
/// </summary>
public sealed class FolderArtifactStore : IArtifactStore
{
    private readonly string _root;
    private readonly string _incoming;
    private readonly TimeProvider _clock;

    public FolderArtifactStore(string root, TimeProvider? clock = null)
    {
        _root = Path.Combine(root, "sha256");
        _incoming = Path.Combine(root, "incoming");
        _clock = clock ?? TimeProvider.System;
        Directory.CreateDirectory(_root);
        Directory.CreateDirectory(_incoming);
    }

    public async Task<string> SaveAsync(Func<Stream, Task> write, CancellationToken cancellation)
    {
        var incoming = NewIncoming();
        try
        {
            var hash = await HashedFile.WriteAsync(incoming, write, flushToDisk: true, cancellation);
            var path = PathOf(hash);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // Also over a file with the same content: the newer one brings its time with it.
            File.Move(incoming, path, overwrite: true);
            return ArtifactDigest.Of(hash);
        }
        finally
        {
            File.Delete(incoming);
        }
    }

    public Task<Stream> OpenAsync(string digest, CancellationToken cancellation)
    {
        try
        {
            return Task.FromResult<Stream>(HashedFile.Open(PathOf(ArtifactDigest.HashOf(digest))));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ArtifactNotFoundException(digest);
        }
    }

    public Task<long> RenewAsync(string digest, CancellationToken cancellation)
    {
        var file = new FileInfo(PathOf(ArtifactDigest.HashOf(digest)));
        try
        {
            file.LastWriteTimeUtc = _clock.GetUtcNow().UtcDateTime;
            file.Refresh();
            // Looked at after the time was set: whoever removes it afterwards sees that time.
            return Task.FromResult(file.Length);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ArtifactNotFoundException(digest);
        }
    }

    public Task<long?> FindSizeAsync(string digest, CancellationToken cancellation) =>
        Task.FromResult(new FileInfo(PathOf(ArtifactDigest.HashOf(digest))) is { Exists: true } file ? file.Length : (long?)null);

    public async IAsyncEnumerable<StoredArtifact> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var folder in new DirectoryInfo(_root).EnumerateDirectories())
        {
            await Task.Yield();
            foreach (var file in folder.EnumerateFiles())
            {
                cancellation.ThrowIfCancellationRequested();
                if (ArtifactDigest.IsHash(file.Name) && file.Exists)
                    yield return new StoredArtifact(ArtifactDigest.Of(file.Name), file.LastWriteTimeUtc);
            }
        }
    }

    public Task<long?> DeleteAsync(StoredArtifact artifact, CancellationToken cancellation)
    {
        var path = PathOf(ArtifactDigest.HashOf(artifact.Digest));
        if (File.GetLastWriteTimeUtc(path) != artifact.SavedAt.UtcDateTime)
            return Task.FromResult<long?>(null);
        // Between that look and the deletion it may be saved again. So it is put aside first, and looked at where no
        // save can reach it any more.
        var aside = new FileInfo(NewIncoming());
        long bytes;
        try
        {
            bytes = new FileInfo(path).Length;
            File.Move(path, aside.FullName);
        }
        catch (FileNotFoundException)
        {
            return Task.FromResult<long?>(null);
        }

        // Another who cleans up may have taken it for a leftover by now: then it is gone as well.
        if (aside.Exists && aside.LastWriteTimeUtc != artifact.SavedAt.UtcDateTime)
        {
            PutBack(aside, path);
            return Task.FromResult<long?>(null);
        }

        aside.Delete();
        return Task.FromResult<long?>(bytes);
    }

    public Task RemoveLeftoversAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        foreach (var file in new DirectoryInfo(_incoming).EnumerateFiles())
        {
            cancellation.ThrowIfCancellationRequested();
            if (file.Exists && file.LastWriteTimeUtc < before.UtcDateTime)
                file.Delete();
        }

        return Task.CompletedTask;
    }

    private static void PutBack(FileInfo aside, string path)
    {
        try
        {
            aside.MoveTo(path);
        }
        catch (IOException) when (File.Exists(path))
        {
            aside.Delete(); // saved once more meanwhile
        }
    }

    private string NewIncoming() => Path.Combine(_incoming, Guid.NewGuid().ToString("N"));

    private string PathOf(string hash) => Path.Combine(_root, hash[..2], hash);
}
