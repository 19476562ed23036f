using System.Formats.Tar;
using Paas.CodeDownloader.Git;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Checks;

/// <summary>
/// Reads the archive on its way into the store. An exception keeps it out of there: the store takes it whole or not
/// at all.
/// </summary>
internal sealed class ArchiveReader(IReadOnlySet<string> leftOut, CancellationToken cancellation)
{
    private const int MaxPointerBytes = 1_024;
    private const int BlockBytes = 512;
    private readonly List<string> _pointers = [];

    /// <summary>How many files and symlinks there were.</summary>
    public int Files { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Files that only stand for content kept by Git LFS.</summary>
    public IReadOnlyList<string> LfsPointers => _pointers;

    /// <param name="archive">What git writes.</param>
    /// <param name="store">Where it goes to.</param>
    /// <param name="prefix">The folder it belongs into, which is there already; empty for none.</param>
    /// <param name="isLast">Whether the end of this one is the end of all.</param>
    public async Task CopyAsync(Stream archive, Stream store, string prefix, bool isLast)
    {
        await using var passing = new PassingStream(archive, store);
        var padding = 0;
        try
        {
            await using var tar = new TarReader(passing, leaveOpen: true);
            while (await NextAsync(tar, passing) is { } entry)
            {
                cancellation.ThrowIfCancellationRequested();
                if (leftOut.Contains(entry.Name) || entry.Name == prefix)
                {
                    // All that was read since the last entry's end is this one's, but for what fills that one's last block.
                    await passing.ReleaseAsync(padding);
                    padding = 0;
                    continue;
                }

                await passing.ReleaseAsync();
                await CheckAsync(entry);
                padding = 0;
                if (entry.DataStream is not { } data)
                    continue;
                await data.CopyToAsync(Stream.Null, cancellation);
                padding = (int)((BlockBytes - (entry.Length % BlockBytes)) % BlockBytes);
            }

            if (isLast)
                await passing.ReleaseAsync();
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidDataException)
        {
            throw new CacheDamagedException(CodeDownloaderTexts.ArchiveBroken());
        }

        // The padding after the last entry.
        await passing.CopyToAsync(Stream.Null, cancellation);
        if (!isLast)
            await passing.ReleaseAsync(padding);
        Bytes += passing.Passed;
    }

    private static async Task<TarEntry?> NextAsync(TarReader tar, PassingStream passing)
    {
        passing.Hold();
        return await tar.GetNextEntryAsync();
    }

    private async Task CheckAsync(TarEntry entry)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.GlobalExtendedAttributes:
                return;
            case TarEntryType.Directory:
                PathCheck.Check(entry.Name.TrimEnd('/'));
                return;
            case TarEntryType.SymbolicLink:
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                await LookForPointerAsync(entry);
                break;
            default:
                throw new StepFailedException(FailureReason.SourceRefused, CodeDownloaderTexts.PathRefused(entry.Name));
        }

        PathCheck.Check(entry.Name);
        Files++;
    }

    private async Task LookForPointerAsync(TarEntry entry)
    {
        if (entry.Length is 0 or > MaxPointerBytes || entry.DataStream is not { } data)
            return;
        var signature = "version https://git-lfs.github.com/spec/"u8.ToArray();
        var start = new byte[signature.Length];
        await data.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false);
        if (start.AsSpan().SequenceEqual(signature))
            _pointers.Add(entry.Name);
    }
}
