using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Paas.CodeDownloader.Git;
using Paas.Contracts;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Checks;

/// <summary>
/// Reads <c>git ls-tree -r -t -l -z</c> as it comes and stops at the first thing that is too much: a few kilobytes
/// of repository can unfold to billions of files, or of folders without any.
/// </summary>
internal sealed class TreeReader(SourceOptions options, CancellationToken cancellation)
{
    public const int MaxPathBytes = 16 << 20;
    private const int MaxRecordBytes = 64 * 1024;
    private readonly HashSet<string> _paths = [];
    private readonly List<TreeSubmodule> _submodules = [];
    private int _files;
    private int _folders;
    private readonly List<TreeLink> _links = [];
    private long _bytes;
    private long _pathBytes;

    public IReadOnlyList<TreeLink> Links => _links;

    public IReadOnlyList<TreeSubmodule> Submodules => _submodules;

    public TreeSummary Summary => new(_files, _bytes);

    /// <param name="output">What git writes.</param>
    /// <param name="prefix">The folder that the tree belongs into, with a slash at the end; empty for none.</param>
    public async Task ReadAsync(Stream output, string prefix)
    {
        var reader = PipeReader.Create(output, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
        while (true)
        {
            var read = await reader.ReadAsync();
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)0) is { } end)
            {
                cancellation.ThrowIfCancellationRequested();
                if ((_pathBytes += prefix.Length + buffer.Slice(0, end).Length) > MaxPathBytes)
                    throw new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.PathsTooLong(MaxPathBytes));
                Add(Encoding.UTF8.GetString(buffer.Slice(0, end)), prefix);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (buffer.Length > MaxRecordBytes)
            {
                var start = Encoding.UTF8.GetString(buffer.Slice(0, 200));
                throw new StepFailedException(FailureReason.SourceRefused, CodeDownloaderTexts.PathRefused(start));
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                break;
        }

        await reader.CompleteAsync();
    }

    /// <param name="record"><c>mode type id size TAB path</c>.</param>
    /// <param name="prefix">The folder it belongs into.</param>
    private void Add(string record, string prefix)
    {
        var tab = record.IndexOf('\t');
        var fields = record[..tab].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var path = prefix + record[(tab + 1)..];
        PathCheck.Check(path);
        if (!_paths.Add(path))
            throw new StepFailedException(FailureReason.SourceRefused, CodeDownloaderTexts.PathTwice(path));
        switch (fields)
        {
            case [var mode, "blob", var blob, var text] when long.TryParse(text, CultureInfo.InvariantCulture, out var size):
                AddFile(path, size);
                if (mode == "120000")
                    AddLink(path, blob, size);
                break;
            case [_, "blob", var id, _]:
                throw new CacheDamagedException(CodeDownloaderTexts.CacheUnreadable($"object {id} is missing"));
            case [_, "commit", var submodule, ..]:
                _submodules.Add(new TreeSubmodule(path, submodule));
                CountFolder();
                break;
            default:
                CountFolder();
                break;
        }
    }

    private void AddFile(string path, long size)
    {
        if (++_files > options.MaxFiles)
            throw new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.TooManyFiles(options.MaxFiles));
        if (size > options.MaxFileBytes)
            throw new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.FileTooLarge(path, size, options.MaxFileBytes));
        _bytes += size;
        if (_bytes > options.MaxSourceBytes)
            throw new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.SourceTooLarge(path, options.MaxSourceBytes));
    }

    private void AddLink(string path, string blob, long size)
    {
        if (_links.Count == SymlinkCheck.MaxLinks || size > SymlinkCheck.MaxTargetBytes)
            throw new StepFailedException(FailureReason.SourceRefused, CodeDownloaderTexts.SymlinksTooMany(path));
        _links.Add(new TreeLink(path, blob, (int)size));
    }

    private void CountFolder()
    {
        if (++_folders > options.MaxFiles)
            throw new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.TooManyFolders(options.MaxFiles));
    }
}
