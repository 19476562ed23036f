using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.CodeDownloader.Git;
using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Secrets;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader;

/// <summary>The source of one commit, in the artifact store.</summary>
public sealed record DownloadedSource(string Commit, string? CommitMessage, string? CommitAuthor, string SourceDigest);

/// <summary>The branch that a commit was pushed to points to another one now.</summary>
/// <param name="head">The commit it points to; null if it does not exist.</param>
public sealed class PushOvertakenException(string? head) : Exception("The push was overtaken.")
{
    public string? Head { get; } = head;
}

/// <summary>Fetches one commit and stores its files as a tar, without ever checking them out.</summary>
public sealed partial class SourceDownloader(
    GitRunner git, GitCaches caches, RedirectFinder redirects, SourceArchiver archiver, IArtifactStore artifacts, ArtifactQuota quota, SecretSealer sealer,
    IOptions<SourceOptions> options, IOptions<CodeDownloaderOptions> settings, TimeProvider clock, ILogger<SourceDownloader> logger)
{
    private const int MaxCommitHeader = 64 * 1024;
    private const int MaxMessage = 100;

    public async Task<DownloadedSource> DownloadAsync(DownloadCode command, IStepLog log, CancellationToken cancellation)
    {
        if (!RepositoryUrl.TryParse(command.Repository, options.Value, out var url, out var refused))
            throw new StepFailedException(FailureReason.RepositoryUrlRefused, refused);
        if (command.Commit is { } commit && !FullSha().IsMatch(commit))
            throw new StepFailedException(FailureReason.CommitNotFound, CodeDownloaderTexts.CommitMalformed(commit));
        if (command.Ref is { } reference && RefName.Check(reference) is { } malformed)
            throw new StepFailedException(FailureReason.RefNotFound, malformed);
        var access = RemoteAccess.Open(command.SealedRepositoryToken, sealer);
        if (access.Token is not null && url.Scheme == "http")
            log.Warning(CodeDownloaderTexts.TokenInClear(url));

        DownloadedSource source;
        await using (var cache = await caches.OpenAsync(command.AppId, url, log, cancellation))
        {
            var remote = new GitRemote(git, cache, url, access, redirects, options.Value, clock, log);
            try
            {
                source = await DownloadAsync(command, remote, cache, log, cancellation);
            }
            catch (CacheDamagedException damage) when (cache.IsUsed)
            {
                Log.CacheDamaged(logger, damage, command.AppId);
                log.Detail(CodeDownloaderTexts.CacheDamaged());
                await cache.CreateAsync(cancellation);
                source = await DownloadFreshAsync(command, remote, cache, log, cancellation);
            }
            catch (CacheDamagedException damage)
            {
                throw Broken(remote, damage);
            }
        }

        caches.Expire();
        return source;
    }

    private async Task<DownloadedSource> DownloadFreshAsync(
        DownloadCode command, GitRemote remote, GitCache cache, IStepLog log, CancellationToken cancellation)
    {
        try
        {
            return await DownloadAsync(command, remote, cache, log, cancellation);
        }
        catch (CacheDamagedException damage)
        {
            throw Broken(remote, damage);
        }
    }

    /// <summary>What is damaged although it was just fetched came so.</summary>
    private static StepFailedException Broken(GitRemote remote, CacheDamagedException damage) =>
        new(FailureReason.SourceRefused, CodeDownloaderTexts.RepositoryBroken(remote.Url.Value, damage.Message.TrimEnd('.')));

    private async Task<DownloadedSource> DownloadAsync(
        DownloadCode command, GitRemote remote, GitCache cache, IStepLog log, CancellationToken cancellation)
    {
        var commit = command.Commit?.ToLowerInvariant();
        if (commit is null)
        {
            log.Heading(CodeDownloaderTexts.Resolving(remote.Url, command.Ref));
            commit = await remote.ResolveAsync(command.Ref, cancellation);
        }

        var isKept = cache.IsUsed && await cache.FindAsync(GitCache.KeptRef, cancellation) == commit;
        log.Heading(isKept ? CodeDownloaderTexts.FetchedBefore(commit, remote.Url) : CodeDownloaderTexts.Fetching(commit, remote.Url));
        if (command is { OnlyIfHead: true, Ref: { } branch })
        {
            await EnsureHeadAsync(remote, cache, branch, commit, isKept, command.PushedFrom, log, cancellation);
            isKept = isKept || await cache.FindAsync(GitCache.KeptRef, cancellation) == commit;
        }

        if (isKept && await FindStoredAsync(cache, commit, cancellation) is { } stored)
        {
            foreach (var line in stored.Lines)
                log.Write(line);
            return stored.Source;
        }

        if (!isKept)
        {
            var before = cache.PackBytes();
            await remote.FetchAsync(commit, command.Ref, cancellation);
            log.Detail(CodeDownloaderTexts.Fetched(Math.Max(0, cache.PackBytes() - before)));
            // What was pushed may be a tag of its own; from here on it is about the commit.
            commit = await cache.FindAsync(GitCache.KeptRef, cancellation)
                ?? throw new StepFailedException(FailureReason.CommitNotFound, CodeDownloaderTexts.NotACommit(remote.Url, commit));
        }

        var (author, message) = await DescribeAsync(cache, commit, cancellation);
        var remembered = new RememberingLog(log);
        remembered.Detail(CodeDownloaderTexts.CommitSubject(commit, message, author));
        await quota.EnsureAsync(command.AppId, cancellation);
        var (digest, bytes) = await archiver.StoreAsync(cache, remote, commit, remembered, cancellation);
        quota.Note(command.AppId, digest, bytes);
        if (await cache.TidyAsync(bytes, cancellation) is { ExitCode: not 0 } tidying)
            Log.NotTidied(logger, command.AppId, GitErrors.Explain(tidying, null));
        var source = new DownloadedSource(commit, message, author, digest);
        await new StoredSource(source, StoredSource.LimitsOf(options.Value), remembered.Lines).WriteAsync(cache, cancellation);
        return source;
    }

    /// <summary>Sees that a branch points to the pushed commit, and fetches it in the same conversation unless it is there.</summary>
    /// <exception cref="PushOvertakenException">The branch points to something else.</exception>
    private async Task EnsureHeadAsync(
        GitRemote remote, GitCache cache, string branch, string commit, bool isKept, string? pushedFrom, IStepLog log, CancellationToken cancellation)
    {
        string? head;
        if (isKept)
        {
            head = await remote.HeadAsync(branch, cancellation);
        }
        else
        {
            var before = cache.PackBytes();
            head = await remote.TryFetchHeadAsync(branch, cancellation)
                ? await cache.FindAsync(GitCache.KeptRef, cancellation)
                : await remote.HeadAsync(branch, cancellation);
            log.Detail(CodeDownloaderTexts.Fetched(Math.Max(0, cache.PackBytes() - before)));
        }

        // A git host may send the delivery before all of its servers know of the push.
        var patience = clock.GetUtcNow() + settings.Value.HeadPatience;
        for (var delay = TimeSpan.FromSeconds(1); IsAsBefore(head, pushedFrom) && clock.GetUtcNow() + delay <= patience; delay *= 2)
        {
            log.Detail(CodeDownloaderTexts.WaitingForPush(branch));
            await Task.Delay(delay, clock, cancellation);
            head = await remote.HeadAsync(branch, cancellation);
        }

        if (head != commit)
            throw new PushOvertakenException(head);
    }

    private static bool IsAsBefore(string? head, string? pushedFrom) =>
        pushedFrom is not null && (head is null ? pushedFrom.All(digit => digit == '0') : head == pushedFrom);

    /// <summary>The commit's sources, if they are what was stored last and are in the artifact store still.</summary>
    private async Task<StoredSource?> FindStoredAsync(GitCache cache, string commit, CancellationToken cancellation)
    {
        if (await StoredSource.ReadAsync(cache, cancellation) is not { } stored || stored.Source.Commit != commit || stored.Limits != StoredSource.LimitsOf(options.Value))
            return null;
        try
        {
            await artifacts.RenewAsync(stored.Source.SourceDigest, cancellation);
            return stored;
        }
        catch (ArtifactNotFoundException)
        {
            return null;
        }
    }

    private async Task<(string? Author, string? Message)> DescribeAsync(GitCache cache, string commit, CancellationToken cancellation)
    {
        var text = "";
        var call = cache.Call("log", "-1", "--no-show-signature", "--encoding=UTF-8", "--format=%an%n%B", commit);
        await git.RunLocallyAsync(cache, call with { ReadOutput = ReadAsync }, cancellation);
        var lines = text.Split('\n');
        return (Shorten(lines[0]), lines.Skip(1).Select(Shorten).FirstOrDefault(line => line is not null));

        async Task ReadAsync(Stream stream)
        {
            var start = new byte[MaxCommitHeader];
            var length = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, CancellationToken.None);
            await stream.CopyToAsync(Stream.Null, CancellationToken.None);
            text = Encoding.UTF8.GetString(start, 0, length);
        }
    }

    private static string? Shorten(string line)
    {
        var clean = string.Concat(line.Where(character => !char.IsControl(character))).Trim();
        if (clean.Length <= MaxMessage)
            return clean.Length == 0 ? null : clean;
        var end = MaxMessage - 1;
        return clean[..(char.IsHighSurrogate(clean[end - 1]) ? end - 1 : end)] + "…";
    }

    [GeneratedRegex("^[0-9a-fA-F]{40}$")]
    private static partial Regex FullSha();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The git cache of app {App} is damaged and is made anew")]
        public static partial void CacheDamaged(ILogger logger, Exception exception, Guid app);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The git cache of app {App} could not be packed: {Explanation}")]
        public static partial void NotTidied(ILogger logger, Guid app, string explanation);
    }
}
