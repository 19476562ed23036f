using System.Formats.Tar;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Source;

/// <summary>
/// What is in the source archive: the names of its files, and the text of the few small ones that say what the app
/// is. The archive is only read through, never unpacked.
/// </summary>
internal sealed class SourceFiles
{
    public const int MaxKeptBytes = 256 * 1024;
    public const int MaxNameLength = 4_096;
    private const int MaxEntries = 500_000;
    private const int MaxKeptFiles = 300;

    private readonly Dictionary<string, SourceFile> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal) { "" };
    private readonly string _prefix;
    private int _keptFiles;

    private SourceFiles(string folder) => _prefix = folder.Length == 0 ? "" : folder + "/";

    public IEnumerable<string> Files => _files.Keys;

    /// <summary>The files that lie in a folder itself, by name; <c>""</c> is the root.</summary>
    public IEnumerable<string> FilesIn(string folder)
    {
        var prefix = folder.Length == 0 ? "" : folder + "/";
        return _files.Keys
            .Where(path => path.StartsWith(prefix, StringComparison.Ordinal) && path.IndexOf('/', prefix.Length) < 0)
            .Order(StringComparer.Ordinal);
    }

    public bool HasFile(string path) => _files.ContainsKey(path);

    public bool HasFolder(string path) => _folders.Contains(path);

    public SourceFile? Find(string path) => _files.GetValueOrDefault(path);

    /// <param name="archive">The repository.</param>
    /// <param name="folder">The folder of it that counts, as if there were nothing else; <c>""</c> for all.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<SourceFiles> ReadAsync(Stream archive, string folder, CancellationToken cancellation)
    {
        var source = new SourceFiles(folder);
        try
        {
            await using var tar = new TarReader(archive, leaveOpen: true);
            var entries = 0;
            while (await tar.GetNextEntryAsync(copyData: false, cancellation) is { } entry)
            {
                if (++entries > MaxEntries)
                    throw new StepFailedException(FailureReason.SourceTooLarge, ConfigurationValidatorTexts.TooManyFiles(MaxEntries));
                await source.AddAsync(entry, cancellation);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException
            or ArgumentException or OverflowException)
        {
            throw new StepPermanentException(ConfigurationValidatorTexts.ArchiveDamaged, exception);
        }

        return source;
    }

    private async Task AddAsync(TarEntry entry, CancellationToken cancellation)
    {
        if (entry.EntryType is TarEntryType.GlobalExtendedAttributes || CleanPath(entry.Name) is not { } whole
            || !whole.StartsWith(_prefix, StringComparison.Ordinal) || whole[_prefix.Length..] is not { Length: > 0 } path)
            return;
        if (entry.EntryType is TarEntryType.Directory)
        {
            AddFolder(path);
            return;
        }

        AddFolder(path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "");
        var regular = entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile;
        byte[]? content = null;
        if (regular && entry.Length <= MaxKeptBytes && IsKept(path) && _keptFiles < MaxKeptFiles)
        {
            _keptFiles++;
            content = new byte[entry.Length];
            if (entry.DataStream is { } data)
                await data.ReadExactlyAsync(content, cancellation);
        }

        _files[path] = new SourceFile(path, entry.Length, IsLink: !regular, content);
    }

    private void AddFolder(string path)
    {
        while (_folders.Add(path))
            path = path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
    }

    /// <summary>A path within the repository; null for a name that no repository has, which is then left out.</summary>
    private static string? CleanPath(string name)
    {
        if (name.Length > MaxNameLength || name.StartsWith('/'))
            return null;
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        return parts.Length == 0 || parts.Contains("..") ? null : string.Join('/', parts);
    }

    private static bool IsKept(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name.EndsWith(".csproj", StringComparison.Ordinal)
            || name.EndsWith(".fsproj", StringComparison.Ordinal)
            || (name.Length == path.Length && name is ".paas.yml" or ".paas.yaml" or ".cupaas.yml" or "Procfile" or "package.json"
                or ".python-version" or "runtime.txt" or ".nvmrc" or ".node-version" or "global.json" or "pyproject.toml" or "Pipfile" or "composer.json" or "Directory.Build.props" or "go.mod");
    }
}

/// <summary>A file of the source archive.</summary>
/// <param name="Path">Within the repository.</param>
/// <param name="Length">In bytes.</param>
/// <param name="IsLink">Whether it is a link or something else that is no file.</param>
/// <param name="Content">Kept for the small files that say what the app is.</param>
internal sealed record SourceFile(string Path, long Length, bool IsLink, byte[]? Content);
