using System.Formats.Tar;
using Paas.CodeDownloader.Git;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Checks;

/// <summary>
/// Reads the archive on its way into the store. An exception keeps it out of there: the store takes it whole or not
/// at all.
/// </summary>
internal sealed class ArchiveReader
{
    private const int MaxPointerBytes = 1_024;
    private readonly SymlinkCheck _links = new();
    private readonly List<string> _pointers = [];

    /// <summary>How many files and symlinks there were.</summary>
    public int Files { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Files that only stand for content kept by Git LFS.</summary>
    public IReadOnlyList<string> LfsPointers => _pointers;

    public async Task CopyAsync(Stream archive, Stream store)
    {
        await using var passing = new PassingStream(archive, store);
        try
        {
            await using var tar = new TarReader(passing, leaveOpen: true);
            while (await tar.GetNextEntryAsync() is { } entry)
                await CheckAsync(entry);
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidDataException)
        {
            throw new CacheDamagedException(CodeDownloaderTexts.ArchiveBroken());
        }

        // The padding after the last entry.
        await passing.CopyToAsync(Stream.Null);
        Bytes = passing.Passed;
        if (_links.FindEscaping() is { } link)
            throw new StepFailedException(FailureReason.SourceRefused, CodeDownloaderTexts.SymlinkEscapes(link.Path, link.Target));
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
                _links.Add(entry.Name, entry.LinkName);
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
