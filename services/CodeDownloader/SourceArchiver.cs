using System.Text;
using Microsoft.Extensions.Options;
using Paas.CodeDownloader.Checks;
using Paas.CodeDownloader.Git;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader;

/// <summary>Stores the tree of a commit, and those of its submodules, as one tar.</summary>
public sealed class SourceArchiver(GitRunner git, SubmoduleReader submodules, IArtifactStore artifacts, IOptions<SourceOptions> options)
{
    private const int LinksAtOnce = 1_000;
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    internal async Task<(string Digest, long Bytes)> StoreAsync(GitCache cache, GitRemote remote, string commit, IStepLog log, CancellationToken cancellation)
    {
        var tree = new TreeReader(options.Value, cancellation);
        var parts = await submodules.ReadAsync(cache, remote, commit, tree, log, cancellation);
        var summary = tree.Summary;
        log.Detail(CodeDownloaderTexts.Contents(summary.Files, summary.Bytes));
        var escaping = await FindEscapingLinksAsync(cache, tree.Links, cancellation);
        if (escaping.Count > 0)
            log.Warning(CodeDownloaderTexts.SymlinksLeftOut([.. escaping.Order(StringComparer.Ordinal)]));

        var archive = new ArchiveReader(escaping, cancellation);
        string digest;
        try
        {
            digest = await artifacts.SaveAsync(
                async store =>
                {
                    foreach (var part in parts)
                    {
                        string[] prefix = part.Prefix.Length == 0 ? [] : [$"--prefix={part.Prefix}"];
                        var call = cache.Call(["archive", "--format=tar", .. prefix, part.Commit]);
                        await git.RunLocallyAsync(
                            cache, call with { ReadOutput = output => archive.CopyAsync(output, store, part.Prefix, isLast: part == parts[^1]) }, cancellation);
                    }

                    if (archive.Files + escaping.Count != summary.Files)
                        throw new CacheDamagedException(CodeDownloaderTexts.ArchiveIncomplete(archive.Files + escaping.Count, summary.Files));
                },
                cancellation);
        }
        catch (IOException exception) when (exception.HResult is NoSpace or QuotaExceeded)
        {
            throw new CodeDownloadException(CodeDownloaderTexts.DiskFull("no space is left for the archive"));
        }

        if (archive.LfsPointers.Count > 0)
            log.Warning(CodeDownloaderTexts.LfsNotFetched(archive.LfsPointers));
        return (digest, archive.Bytes);
    }

    /// <summary>Reads where all symlinks point to before the archive is written, so that those which lead out are left out of it.</summary>
    private async Task<IReadOnlySet<string>> FindEscapingLinksAsync(GitCache cache, IReadOnlyList<TreeLink> links, CancellationToken cancellation)
    {
        var targets = new Dictionary<string, string>();
        foreach (var part in links.DistinctBy(link => link.Id).Chunk(LinksAtOnce))
        {
            var call = cache.Call(["show", "--no-textconv", "--no-notes", .. part.Select(link => link.Id)]);
            await git.RunLocallyAsync(cache, call with { ReadOutput = output => ReadTargetsAsync(output, part) }, cancellation);
        }

        var check = new SymlinkCheck(cancellation);
        foreach (var link in links)
            check.Add(link.Path, targets[link.Id]);
        return check.FindEscaping();

        async Task ReadTargetsAsync(Stream output, TreeLink[] part)
        {
            foreach (var link in part)
            {
                var target = new byte[link.Bytes];
                if (await output.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, CancellationToken.None) < target.Length)
                    throw new CacheDamagedException(CodeDownloaderTexts.ArchiveBroken());
                targets[link.Id] = Encoding.UTF8.GetString(target);
            }

            await output.CopyToAsync(Stream.Null, CancellationToken.None);
        }
    }
}
