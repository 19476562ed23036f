using System.Security.Cryptography;

namespace Paas.Hosting.Artifacts.Registry;

/// <summary>
/// What was last read from the registry, in a folder that several processes may share. A file's time of change is
/// the time of its last use; those unused for longest go first.
/// </summary>
internal sealed class ArtifactCache(string folder, long maxBytes, TimeProvider clock)
{
    private static readonly TimeSpan LeftoverAge = TimeSpan.FromDays(1);
    private readonly string _incoming = Path.Combine(folder, "incoming");

    /// <summary>The path of a file that can be added once it is whole; whoever writes it deletes it.</summary>
    public string NewFile()
    {
        Directory.CreateDirectory(_incoming);
        return Path.Combine(_incoming, Guid.NewGuid().ToString("N"));
    }

    /// <summary>Opens what is in the cache, if it still is what it was.</summary>
    public async Task<Stream?> OpenAsync(string hash, CancellationToken cancellation)
    {
        var path = PathOf(hash);
        FileStream file;
        try
        {
            file = HashedFile.Open(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        try
        {
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation)) == hash)
            {
                file.Position = 0;
                Touch(path);
                return file;
            }
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }

        await file.DisposeAsync();
        File.Delete(path);
        return null;
    }

    /// <summary>Takes a whole file over, and opens it: it can be read even if it is pushed out at once.</summary>
    public Stream Add(string file, string hash)
    {
        var stream = HashedFile.Open(file);
        try
        {
            var path = PathOf(hash);
            File.Move(file, path, overwrite: true);
            Touch(path);
            Trim(path);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private void Trim(string added)
    {
        var old = clock.GetUtcNow().UtcDateTime - LeftoverAge;
        foreach (var leftover in Existing(_incoming).Where(file => file.UsedAt < old))
            File.Delete(leftover.Path);
        var kept = new FileInfo(added) is { Exists: true } file ? file.Length : 0;
        foreach (var cached in Existing(folder).Where(file => file.Path != added).OrderByDescending(file => file.UsedAt))
        {
            kept += cached.Bytes;
            if (kept > maxBytes)
                File.Delete(cached.Path);
        }
    }

    /// <summary>The files of a folder; other processes may remove some of them at any time.</summary>
    private static List<CachedFile> Existing(string folder)
    {
        var files = new List<CachedFile>();
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles())
        {
            try
            {
                files.Add(new CachedFile(file.FullName, file.Length, file.LastWriteTimeUtc));
            }
            catch (FileNotFoundException)
            {
                // gone between the listing and the look
            }
        }

        return files;
    }

    private void Touch(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime);
        }
        catch (FileNotFoundException)
        {
            // pushed out by another process; this one has it open
        }
    }

    private string PathOf(string hash) => Path.Combine(folder, hash);

    private sealed record CachedFile(string Path, long Bytes, DateTime UsedAt);
}
