using Paas.Hosting.Processes;

namespace Paas.CodeDownloader.Git;

/// <summary>The bare repository of one app, held under a lock.</summary>
internal sealed class GitCache(GitRunner git, string folder, string belongsTo, FileLock @lock, int repackAfter) : IAsyncDisposable
{
    /// <summary>Keeps the last commit alive, so that the next fetch is only what has changed.</summary>
    public const string KeptRef = "refs/paas/last";

    // Written last: a folder without it was never finished.
    private const string Marker = "paas-repository";

    // The archive holds the files as they were committed, byte for byte: nothing left out (export-ignore), filled in
    // (export-subst, ident), re-encoded, or run through a filter. This file wins over the repository's own attributes.
    private const string Attributes =
        "* -export-ignore -export-subst -ident -text -eol -crlf -filter -working-tree-encoding\n";

    private string _repository = "";

    public string Folder => folder;

    public string BelongsTo => belongsTo;

    /// <summary>Whether it holds what an earlier try has fetched, and so may be damaged.</summary>
    public bool IsUsed { get; private set; }

    private string PackFolder => Path.Combine(folder, "objects", "pack");

    public async Task PrepareAsync(string repository, CancellationToken cancellation)
    {
        _repository = repository;
        git.KillLeftovers(belongsTo);
        var marker = Path.Combine(folder, Marker);
        IsUsed = File.Exists(marker) && await File.ReadAllTextAsync(marker, cancellation) == repository;
        if (IsUsed)
            RemoveLeftovers();
        else
            await CreateAsync(cancellation);
    }

    /// <summary>Throws the cache away and begins with an empty one.</summary>
    public async Task CreateAsync(CancellationToken cancellation)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        IsUsed = false;
        var created = await git.RunAsync(
            Call("init", "--quiet", "--bare", "--template=", "--object-format=sha1", "--initial-branch=main"), cancellation);
        if (created.ExitCode != 0)
            throw new CodeDownloadException(CodeDownloaderTexts.CacheNotCreated(GitErrors.Explain(created, null)));
        Directory.CreateDirectory(Path.Combine(folder, "info"));
        await File.WriteAllTextAsync(Path.Combine(folder, "info", "attributes"), Attributes, cancellation);
        var marker = Path.Combine(folder, Marker);
        await File.WriteAllTextAsync(marker + ".new", _repository, cancellation);
        File.Move(marker + ".new", marker);
    }

    /// <returns>The commit that a ref keeps; null for none.</returns>
    public async Task<string?> FindAsync(string reference, CancellationToken cancellation)
    {
        var output = "";
        var result = await git.RunAsync(Call("rev-parse", "--verify", "--quiet", reference + "^{commit}") with { ReadOutput = ReadAsync }, cancellation);
        return result.ExitCode == 0 ? output.Trim() : null;

        async Task ReadAsync(Stream stream) => output = await new StreamReader(stream).ReadToEndAsync(CancellationToken.None);
    }

    /// <summary>Whether everything is there that belongs to the kept commit.</summary>
    public async Task<bool> IsWholeAsync(CancellationToken cancellation) =>
        (await git.RunAsync(Call("rev-list", "--objects", "--quiet", "--glob=refs/paas/*"), cancellation)).ExitCode == 0;

    /// <summary>Removes the locks and half-written packs of a git that was killed; only the holder of the lock may.</summary>
    public void RemoveLeftovers()
    {
        var leftovers = new[]
        {
            Directory.EnumerateFiles(folder, "*.lock"),
            Directory.EnumerateFiles(folder, "*.pid"),
            Directory.EnumerateFiles(folder, "shallow_*"),
            Files(Path.Combine(folder, "refs"), "*.lock"),
            Files(Path.Combine(folder, "objects"), "*tmp*"),
        };
        foreach (var file in leftovers.SelectMany(files => files).ToList())
            File.Delete(file);

        static IEnumerable<string> Files(string folder, string pattern) => Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, pattern, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            : [];
    }

    /// <summary>How large the packs are, those being written included.</summary>
    public long PackBytes()
    {
        try
        {
            return new DirectoryInfo(PackFolder).EnumerateFiles("*pack*", new EnumerationOptions { AttributesToSkip = 0 })
                .Sum(file => file.Exists ? file.Length : 0);
        }
        catch (IOException)
        {
            return 0; // renamed under the eyes of the one who looks
        }
    }

    /// <summary>Lets go of what is no longer needed, once there are many packs or much more of them than of sources.</summary>
    public async Task<GitResult?> TidyAsync(long sourceBytes, CancellationToken cancellation)
    {
        var packs = Directory.EnumerateFiles(PackFolder, "*.pack").Count();
        if (packs < repackAfter && (packs < 2 || PackBytes() < Math.Max(256L << 20, 3 * sourceBytes)))
            return null;
        return await git.RunAsync(Call("gc", "--quiet", "--prune=now"), cancellation);
    }

    public GitCall Call(params string[] arguments) =>
        new() { Repository = folder, BelongsTo = belongsTo, Arguments = arguments };

    public async ValueTask DisposeAsync()
    {
        using (@lock)
        {
            if (Directory.Exists(folder))
                RemoveLeftovers();
        }
    }
}
