using System.Formats.Tar;
using System.Text;
using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker;

/// <summary>
/// What is in a source archive: names, links, and the text of the few files that say how to build. From one reading in
/// which nothing is unpacked, and which refuses whatever no git archive has.
/// </summary>
internal sealed class SourceTree
{
    private const int MaxTextBytes = 512 * 1024;
    private const long MaxTextsBytes = 16 * 1024 * 1024;
    private static readonly string[] TextNames = [".dockerignore", "package.json", "pyproject.toml", "composer.json", "go.mod"];
    private static readonly string[] TextExtensions = [".txt", ".in", ".csproj", ".fsproj", ".vbproj", ".dockerignore"];
    private readonly HashSet<string> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal) { "" };
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private long _textsBytes;

    /// <summary>All files, from the root of the repository.</summary>
    public IReadOnlyCollection<string> Files => _files;

    /// <summary>All symbolic links, and where they lead.</summary>
    public IReadOnlyDictionary<string, string> Links => _links;

    public bool HasFolder(string path) => _folders.Contains(path);

    /// <summary>The text of a file that says how to build; null for any other file, and for one that is too large.</summary>
    public string? Text(string path) => _texts.GetValueOrDefault(path);

    /// <exception cref="StepFailedException">It holds what must not be built, or too much.</exception>
    public static async Task<SourceTree> ReadAsync(Stream archive, string? dockerfile, ImageBuilderOptions options, CancellationToken cancellation)
    {
        var tree = new SourceTree();
        var (bytes, entries) = (0L, 0);
        await using var tar = new TarReader(archive, leaveOpen: true);
        while (await NextAsync(tar, cancellation) is { } entry)
        {
            if (PathOf(entry) is not { } path)
                continue;
            bytes += entry.Length;
            if (++entries > options.MaxSlugFiles || bytes > options.MaxSlugBytes)
                throw new StepFailedException(FailureReason.ImageTooLarge, ImageBuilderTexts.SourceTooLarge(options));
            await tree.AddAsync(entry, path, dockerfile, cancellation);
        }

        return tree;
    }

    /// <summary>The next entry of an archive.</summary>
    public static async Task<TarEntry?> NextAsync(TarReader tar, CancellationToken cancellation)
    {
        try
        {
            return await tar.GetNextEntryAsync(copyData: false, cancellation);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw Refused(ImageBuilderTexts.ArchiveDamaged());
        }
    }

    /// <summary>The path of an entry; null for the root and for what is no entry of its own.</summary>
    public static string? PathOf(TarEntry entry)
    {
        if (entry.EntryType is TarEntryType.GlobalExtendedAttributes)
            return null;
        var parts = entry.Name.Split('/').Where(part => part.Length > 0 && part != ".").ToArray();
        if (entry.Name.StartsWith('/') || parts.Contains("..") || entry.Name.Contains('\0'))
            throw Refused(ImageBuilderTexts.PathLeadsOut(entry.Name));
        return parts.Length == 0 ? null : string.Join('/', parts);
    }

    /// <summary>Where a path leads once the links in it are followed; null if that is out of the tree, or nowhere.</summary>
    public string? Resolve(string path)
    {
        for (var followed = 0; followed < 40; followed++)
        {
            var parts = path.Split('/');
            var length = Enumerable.Range(1, parts.Length).FirstOrDefault(length => _links.ContainsKey(string.Join('/', parts[..length])));
            if (length == 0)
                return path;
            var target = _links[string.Join('/', parts[..length])];
            var ahead = new List<string>(parts[..(length - 1)]);
            if (target.StartsWith('/'))
                return null;
            foreach (var part in target.Split('/').Concat(parts[length..]).Where(part => part.Length > 0 && part != "."))
            {
                if (part != "..")
                    ahead.Add(part);
                else if (ahead.Count > 0)
                    ahead.RemoveAt(ahead.Count - 1);
                else
                    return null;
            }

            path = string.Join('/', ahead);
        }

        return null;
    }

    private async Task AddAsync(TarEntry entry, string path, string? dockerfile, CancellationToken cancellation)
    {
        for (var slash = path.LastIndexOf('/'); slash > 0 && _folders.Add(path[..slash]); slash = path.LastIndexOf('/', slash - 1))
        {
            // A folder need not have an entry of its own.
        }

        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                _folders.Add(path);
                break;
            case TarEntryType.SymbolicLink:
                _links[path] = entry.LinkName;
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                _files.Add(path);
                if (path == dockerfile || IsText(path))
                    await KeepTextAsync(entry, path, cancellation);
                break;
            case TarEntryType.HardLink:
                throw Refused(ImageBuilderTexts.HardLink(path, entry.LinkName));
            default:
                throw Refused(ImageBuilderTexts.NeitherFileNorFolder(path));
        }
    }

    private static bool IsText(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return TextNames.Contains(name) || TextExtensions.Contains(Path.GetExtension(name)) || name.Contains("Dockerfile", StringComparison.OrdinalIgnoreCase);
    }

    private async Task KeepTextAsync(TarEntry entry, string path, CancellationToken cancellation)
    {
        if (entry.Length > MaxTextBytes || _textsBytes + entry.Length > MaxTextsBytes)
            return;
        _textsBytes += entry.Length;
        using var content = new MemoryStream();
        if (entry.DataStream is { } data)
            await data.CopyToAsync(content, cancellation);
        _texts[path] = Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length).TrimStart('\uFEFF');
    }

    private static StepFailedException Refused(string why) => new(FailureReason.SourceRefused, ImageBuilderTexts.SourceRefused(why));
}
