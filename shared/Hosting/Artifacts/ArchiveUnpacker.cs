using System.Formats.Tar;
using System.Text;

namespace Paas.Hosting.Artifacts;

/// <summary>
/// Unpacks one tar archive. Links are made after everything else and only if each of them, followed as the kernel
/// would, stays inside: so no file is ever written through a link.
/// </summary>
internal sealed class ArchiveUnpacker(string folder, ArchiveLimits limits)
{
    private const int MaxNameBytes = 255;
    private const int MaxPathBytes = 3_000;

    private readonly string _root = Path.GetFullPath(folder);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal) { "" };
    private readonly HashSet<string> _files = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _links = new(StringComparer.Ordinal);
    private long _bytes;
    private int _entries;

    public async Task<ArchiveSize> UnpackAsync(Stream source, CancellationToken cancellation)
    {
        Directory.CreateDirectory(_root);
        if (Directory.EnumerateFileSystemEntries(_root).Any())
            throw new IOException($"The folder {_root} has to be empty before an archive is unpacked into it.");
        await using var tar = new TarReader(source, leaveOpen: true);
        while (await NextAsync(tar, cancellation) is { } entry)
        {
            if (entry.EntryType is not TarEntryType.GlobalExtendedAttributes)
                await UnpackAsync(entry, cancellation);
        }

        foreach (var (link, target) in _links)
        {
            if (SlugLinks.LeadsOut(link, _links.GetValueOrDefault))
                throw new ArchiveRefusedException($"'{Shown(link)}' is a link to '{Shown(target)}', which leads out of the folder it belongs to.");
        }

        foreach (var (link, target) in _links)
            File.CreateSymbolicLink(OnDisk(link), target);
        return new ArchiveSize(_bytes, _entries);
    }

    private static async Task<TarEntry?> NextAsync(TarReader tar, CancellationToken cancellation)
    {
        try
        {
            return await tar.GetNextEntryAsync(copyData: false, cancellation);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new ArchiveRefusedException("The archive is damaged: it cannot be read to its end.", exception);
        }
    }

    private async Task UnpackAsync(TarEntry entry, CancellationToken cancellation)
    {
        var path = Checked(entry.Name);
        if (path.Length == 0 && entry.EntryType is TarEntryType.Directory)
            return; // "./", the folder itself
        Count(entry.EntryType is TarEntryType.Directory or TarEntryType.SymbolicLink or TarEntryType.HardLink ? 0 : entry.Length);
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                AddFolder(path, entry.Name);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                AddName(path, entry.Name);
                await WriteAsync(path, entry.DataStream, SlugArchive.IsExecutable(entry.Mode), cancellation);
                break;
            case TarEntryType.SymbolicLink:
                AddName(path, entry.Name);
                _links.Add(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                AddName(path, entry.Name);
                await CopyAsync(path, entry, cancellation);
                break;
            default:
                throw new ArchiveRefusedException(
                    $"'{Shown(entry.Name)}' is neither a file, a folder nor a link ({entry.EntryType}). Remove it.");
        }
    }

    /// <summary>The name as a path below the root without a trailing slash, or an exception.</summary>
    private static string Checked(string name)
    {
        if (name.StartsWith('/'))
            throw new ArchiveRefusedException($"'{Shown(name)}' is an absolute path.");
        var parts = name.Split('/').Where(part => part.Length > 0 && part != ".").ToArray();
        if (parts.Contains(".."))
            throw new ArchiveRefusedException($"'{Shown(name)}' leads out of the folder it belongs to.");
        if (name.Contains('\0') || Encoding.UTF8.GetByteCount(name) > MaxPathBytes || parts.Any(part => Encoding.UTF8.GetByteCount(part) > MaxNameBytes))
            throw new ArchiveRefusedException($"'{Shown(name)}' is not a usable name, or too long: {MaxNameBytes} bytes for a name, {MaxPathBytes} for a path.");
        return string.Join('/', parts);
    }

    private void Count(long bytes)
    {
        _entries++;
        _bytes += bytes;
        if (_bytes > limits.MaxBytes || _entries > limits.MaxEntries)
            throw new ArchiveTooLargeException(limits);
    }

    private void AddFolder(string path, string name)
    {
        if (_folders.Contains(path))
            return;
        if (_files.Contains(path) || _links.ContainsKey(path))
            throw new ArchiveRefusedException($"'{Shown(name)}' is used both as a folder and as something else.");
        AddFolder(Parent(path), name);
        _folders.Add(path);
        Directory.CreateDirectory(OnDisk(path));
    }

    private void AddName(string path, string name)
    {
        if (path.Length == 0 || _folders.Contains(path) || _links.ContainsKey(path) || _files.Contains(path))
            throw new ArchiveRefusedException($"'{Shown(name)}' is there twice.");
        AddFolder(Parent(path), name);
    }

    private async Task WriteAsync(string path, Stream? content, bool executable, CancellationToken cancellation)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 64 * 1024 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = SlugArchive.Mode(executable);
        await using var file = new FileStream(OnDisk(path), options);
        _files.Add(path);
        if (content is null)
            return;
        var expected = content.Length;
        try
        {
            await content.CopyToAsync(file, cancellation);
        }
        catch (EndOfStreamException exception)
        {
            throw new ArchiveRefusedException($"The archive is damaged: it ends within '{Shown(path)}'.", exception);
        }

        if (file.Position != expected)
            throw new ArchiveRefusedException($"The archive is damaged: it ends within '{Shown(path)}'.");
    }

    /// <summary>A hard link becomes a copy: the two share nothing afterwards, which no app can tell.</summary>
    private async Task CopyAsync(string path, TarEntry entry, CancellationToken cancellation)
    {
        var target = Checked(entry.LinkName);
        if (!_files.Contains(target))
            throw new ArchiveRefusedException($"'{Shown(entry.Name)}' is a hard link to '{Shown(entry.LinkName)}', which is not a file of the archive.");
        await using var original = File.OpenRead(OnDisk(target));
        _entries--;
        Count(original.Length);
        await WriteAsync(path, original, !OperatingSystem.IsWindows() && SlugArchive.IsExecutable(File.GetUnixFileMode(OnDisk(target))), cancellation);
    }

    private string OnDisk(string path) => Path.Combine(_root, path);

    private static string Parent(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";

    private static string Shown(string name) => name.Length <= 200 ? name : name[..200] + "…";
}
