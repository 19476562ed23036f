using System.Text;
using Microsoft.Extensions.Options;
using Paas.CodeDownloader.Checks;
using Paas.CodeDownloader.Git;
using Paas.Contracts;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader;

/// <summary>A tree within the sources: that of the app's own commit, or of a submodule.</summary>
/// <param name="Prefix">The folder it belongs into, with a slash at the end; empty for the app's own.</param>
/// <param name="Commit">The commit in the cache.</param>
internal sealed record TreePart(string Prefix, string Commit);

/// <summary>
/// Reads the tree of a commit, and fetches its submodules at the commits that it names. Nothing of <c>.gitmodules</c> is
/// believed but the URL of a path, and that is checked as an app's own is.
/// </summary>
public sealed class SubmoduleReader(GitRunner git, RedirectFinder redirects, IOptions<SourceOptions> options, TimeProvider clock)
{
    public const int MaxSubmodules = 20;
    public const int MaxDepth = 3;
    private const int MaxFileBytes = 256 << 10;

    internal async Task<IReadOnlyList<TreePart>> ReadAsync(
        GitCache cache, GitRemote remote, string commit, TreeReader tree, IStepLog log, CancellationToken cancellation)
    {
        var parts = new List<TreePart>();
        var received = cache.PackBytes();
        var ahead = new Queue<(TreePart Part, RepositoryUrl Url, int Depth)>([(new TreePart("", commit), remote.Url, 0)]);
        var fetched = 0;
        while (ahead.TryDequeue(out var next))
        {
            parts.Add(next.Part);
            var known = tree.Submodules.Count;
            var listing = cache.Call("ls-tree", "-r", "-t", "-l", "-z", "--full-tree", next.Part.Commit);
            await git.RunLocallyAsync(cache, listing with { ReadOutput = output => tree.ReadAsync(output, next.Part.Prefix) }, cancellation);
            var found = tree.Submodules.Skip(known).ToList();
            if (found.Count == 0)
                continue;
            var urls = await ReadUrlsAsync(cache, next.Part.Commit, cancellation);
            var unnamed = new List<string>();
            foreach (var submodule in found)
            {
                if (!urls.TryGetValue(submodule.Path[next.Part.Prefix.Length..], out var url))
                {
                    unnamed.Add(submodule.Path);
                    continue;
                }

                if (++fetched > MaxSubmodules || next.Depth == MaxDepth)
                    throw new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.SubmodulesTooMany(submodule.Path, MaxSubmodules, MaxDepth));
                var target = Resolve(url, next.Url, submodule.Path);
                log.Detail(CodeDownloaderTexts.FetchingSubmodule(submodule.Path, submodule.Commit, target));
                var left = options.Value.MaxFetchBytes - (cache.PackBytes() - received);
                await FetchAsync(cache, remote, target, submodule, fetched, left, log, cancellation);
                ahead.Enqueue((new TreePart(submodule.Path + "/", submodule.Commit), target, next.Depth + 1));
            }

            if (unnamed.Count > 0)
                log.Warning(CodeDownloaderTexts.SubmodulesUnnamed(unnamed));
        }

        return parts;
    }

    private async Task FetchAsync(
        GitCache cache, GitRemote app, RepositoryUrl url, TreeSubmodule submodule, int number, long maxBytes, IStepLog log, CancellationToken cancellation)
    {
        var kept = $"refs/paas/submodules/{number}";
        if (await cache.FindAsync(kept, cancellation) == submodule.Commit)
            return;
        // The app's token is for the app's git host.
        var access = url.Origin == app.Url.Origin ? app.Access : new RemoteAccess(null, null);
        var remote = new GitRemote(git, cache, url, access, redirects, options.Value, clock, log) { Kept = kept, MaxBytes = Math.Max(maxBytes, 1) };
        try
        {
            await remote.FetchAsync(submodule.Commit, null, cancellation);
        }
        catch (StepFailedException failure)
        {
            throw new StepFailedException(failure.Reason, CodeDownloaderTexts.SubmoduleNotFetched(submodule.Path, failure.Message));
        }

        if (await cache.FindAsync(kept, cancellation) != submodule.Commit)
            throw new StepFailedException(FailureReason.CommitNotFound, CodeDownloaderTexts.NotACommit(url, submodule.Commit));
    }

    /// <summary>A relative URL begins at that of the repository around it.</summary>
    private RepositoryUrl Resolve(string url, RepositoryUrl parent, string path)
    {
        var absolute = RepositoryUrl.HttpsFor(url) ?? url;
        if (url.StartsWith("./", StringComparison.Ordinal) || url.StartsWith("../", StringComparison.Ordinal))
        {
            var parts = parent.Path.TrimEnd('/').Split('/').ToList();
            foreach (var part in url.Split('/'))
            {
                if (part == ".." && parts.Count > 1)
                    parts.RemoveAt(parts.Count - 1);
                else if (part is not "." and not "")
                    parts.Add(part);
            }

            absolute = $"{parent.Scheme}://{parent.HostAndPort}{string.Join('/', parts)}";
        }

        if (!RepositoryUrl.TryParse(absolute, options.Value, out var parsed, out var refused))
            throw new StepFailedException(FailureReason.RepositoryUrlRefused, CodeDownloaderTexts.SubmoduleNotFetched(path, refused));
        // A server may name what is near the platform, but not what is on its disk.
        return parsed.Scheme == "file" && parent.Scheme != "file"
            ? throw new StepFailedException(FailureReason.RepositoryUrlRefused, CodeDownloaderTexts.SubmoduleNotFetched(path, SourceTexts.FileNotAllowed()))
            : parsed;
    }

    /// <returns>The URL of each path that <c>.gitmodules</c> names.</returns>
    private async Task<Dictionary<string, string>> ReadUrlsAsync(GitCache cache, string commit, CancellationToken cancellation)
    {
        var (paths, urls) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        var text = "";
        var result = await git.RunAsync(cache.Call("config", $"--blob={commit}:.gitmodules", "--null", "--list") with { ReadOutput = ReadAsync }, cancellation);
        if (result.ExitCode != 0)
            return []; // there is none, or none that git could read
        foreach (var entry in text.Split('\0'))
        {
            // submodule.NAME.path or .url, a line break, the value
            if (entry.Split('\n', 2) is not [var key, var value] || !key.StartsWith("submodule.", StringComparison.Ordinal))
                continue;
            var name = key[..key.LastIndexOf('.')];
            if (key.EndsWith(".path", StringComparison.Ordinal))
                paths[name] = value.TrimEnd('/');
            else if (key.EndsWith(".url", StringComparison.Ordinal))
                urls[name] = value;
        }

        return paths.Where(path => urls.ContainsKey(path.Key)).GroupBy(path => path.Value).ToDictionary(group => group.Key, group => urls[group.Last().Key]);

        async Task ReadAsync(Stream output)
        {
            using var reader = new StreamReader(new CappedStream(output, MaxFileBytes, () =>
                new StepFailedException(FailureReason.SourceRefused, CodeDownloaderTexts.PathRefused(".gitmodules"))), Encoding.UTF8);
            text = await reader.ReadToEndAsync(CancellationToken.None);
        }
    }
}
