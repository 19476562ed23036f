using System.Text.Json;
using Paas.CodeDownloader.Git;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader;

/// <summary>
/// What was stored last of an app's repository, beside its cache: a commit never changes, so as long as the artifact
/// is there the same commit needs no look into the cache at all.
/// </summary>
/// <param name="Source">What the step answered.</param>
/// <param name="Limits">Those under which the sources were looked at; with others they are looked at again.</param>
/// <param name="Lines">What the log said about them.</param>
internal sealed record StoredSource(DownloadedSource Source, string Limits, IReadOnlyList<string> Lines)
{
    private const string Name = "paas-stored.json";

    public static string LimitsOf(SourceOptions options) => FormattableString.Invariant($"{options.MaxSourceBytes} {options.MaxFiles} {options.MaxFileBytes}");

    /// <returns>Null if there is nothing that can be read.</returns>
    public static async Task<StoredSource?> ReadAsync(GitCache cache, CancellationToken cancellation)
    {
        try
        {
            await using var file = File.OpenRead(Path.Combine(cache.Folder, Name));
            return await JsonSerializer.DeserializeAsync<StoredSource>(file, cancellationToken: cancellation) is { Source.Commit: not null, Source.SourceDigest: not null, Lines: not null } stored
                ? stored : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // it is there to save time
        }
    }

    public async Task WriteAsync(GitCache cache, CancellationToken cancellation)
    {
        var file = Path.Combine(cache.Folder, Name);
        await File.WriteAllBytesAsync(file + ".new", JsonSerializer.SerializeToUtf8Bytes(this), cancellation);
        File.Move(file + ".new", file, overwrite: true);
    }
}

/// <summary>Remembers what goes through it.</summary>
internal sealed class RememberingLog(IStepLog log) : IStepLog
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    public void Write(string line)
    {
        lock (_lines)
            _lines.Add(line);
        log.Write(line);
    }
}
