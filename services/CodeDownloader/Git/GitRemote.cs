using Paas.CodeDownloader.Checks;
using Paas.Contracts;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Git;

/// <summary>The repository at the other end: which commit a ref is at, and fetching one commit.</summary>
internal sealed class GitRemote(
    GitRunner git, GitCache cache, RepositoryUrl url, RemoteAccess access, RedirectFinder redirects, SourceOptions options,
    TimeProvider clock, IStepLog log)
{
    private const int MaxRedirects = 3;
    private const int MaxRefs = 10_000;
    private const int MaxRefBytes = 16 << 20;

    /// <summary>For a list of refs, which git holds as a whole before it shows any of it.</summary>
    public const long ListMemoryBytes = 384L << 20;

    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);
    private RepositoryUrl _url = url;

    public RepositoryUrl Url => _url;

    public RemoteAccess Access => access;

    /// <summary>The ref that keeps what is fetched.</summary>
    public string Kept { get; init; } = GitCache.KeptRef;

    /// <summary>How much may be received in one fetch; null for the usual.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>The commit a branch, a tag, a full ref or, if null, the default branch is at.</summary>
    public async Task<string> ResolveAsync(string? reference, CancellationToken cancellation)
    {
        string[] candidates = reference is null or "HEAD" ? ["HEAD"]
            : reference.StartsWith("refs/", StringComparison.Ordinal) ? [reference]
            : [$"refs/heads/{reference}", $"refs/tags/{reference}"];
        // An annotated tag is listed a second time, as the commit it stands for.
        var refs = await ListAsync([.. candidates.SelectMany(name => new[] { name, name + "^{}" })], cancellation);
        foreach (var name in candidates)
        {
            if ((refs.GetValueOrDefault(name + "^{}") ?? refs.GetValueOrDefault(name)) is { } commit)
                return commit;
        }

        var branches = await BranchesAsync(cancellation);
        throw new StepFailedException(FailureReason.RefNotFound, reference is null
            ? CodeDownloaderTexts.NoDefaultBranch(_url, branches)
            : CodeDownloaderTexts.RefNotFound(_url, reference, branches));
    }

    /// <summary>Fetches one commit, without its history, and keeps it under <see cref="Kept"/>.</summary>
    public async Task FetchAsync(string commit, string? reference, CancellationToken cancellation)
    {
        var (result, problem) = await RunFetchAsync(["--depth=1"], $"+{commit}:{Kept}", cancellation);
        if (problem == GitProblem.OnlyBranches)
            (result, problem) = await FetchBranchesAsync(commit, reference, cancellation);
        if (problem == GitProblem.CommitMissing)
        {
            await BranchesAsync(cancellation);
            throw new StepFailedException(FailureReason.CommitNotFound, CodeDownloaderTexts.CommitNotFound(_url, commit));
        }

        await ThrowIfFetchFailedAsync(result, problem, cancellation);
    }

    /// <summary>The commit a full ref points to now; null if it does not exist.</summary>
    public async Task<string?> HeadAsync(string reference, CancellationToken cancellation) =>
        (await ListAsync([reference], cancellation)).GetValueOrDefault(reference);

    /// <summary>
    /// Fetches what a full ref points to now, without its history, and keeps it under <see cref="Kept"/>: one
    /// conversation tells what that is and brings it.
    /// </summary>
    /// <returns>False if there is no such ref, or it moved while it was fetched.</returns>
    public async Task<bool> TryFetchHeadAsync(string reference, CancellationToken cancellation)
    {
        var (result, problem) = await RunFetchAsync(["--depth=1"], $"+{reference}:{Kept}", cancellation);
        if (problem == GitProblem.OnlyBranches)
        {
            log.Detail(CodeDownloaderTexts.FetchingBranches());
            (result, problem) = await RunFetchAsync([], $"+{reference}:{Kept}", cancellation);
        }

        if (problem == GitProblem.CommitMissing)
            return false;
        await ThrowIfFetchFailedAsync(result, problem, cancellation);
        return true;
    }

    /// <summary>For servers that give out branches only: takes them with their history, and looks for the commit there.</summary>
    private async Task<(GitResult, GitProblem?)> FetchBranchesAsync(string commit, string? reference, CancellationToken cancellation)
    {
        log.Detail(CodeDownloaderTexts.FetchingBranches());
        var source = reference?.StartsWith("refs/", StringComparison.Ordinal) == true
            ? $"+{reference}:refs/paas/branch"
            : "+refs/heads/*:refs/paas/heads/*";
        var (result, problem) = await RunFetchAsync([], source, cancellation);
        if (problem is not null)
            return (result, problem);
        var kept = await git.RunAsync(cache.Call("update-ref", Kept, commit), cancellation);
        return (kept, kept.ExitCode == 0 ? null : GitProblem.CommitMissing);
    }

    private Task<(GitResult, GitProblem?)> RunFetchAsync(string[] depth, string refspec, CancellationToken cancellation) =>
        RunAsync(() => cache.Call(
            [
                "fetch", "--quiet", .. depth, "--force", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
                "--no-auto-maintenance", "--no-show-forced-updates", "--", _url.Value, refspec,
            ]), cancellation);

    private async Task<IReadOnlyList<string>> BranchesAsync(CancellationToken cancellation)
    {
        var refs = await ListAsync([], cancellation);
        if (refs.Count == 0)
            throw new StepFailedException(FailureReason.RepositoryEmpty, CodeDownloaderTexts.RepositoryEmpty(_url));
        const string heads = "refs/heads/";
        return [.. refs.Keys.Where(name => name.StartsWith(heads, StringComparison.Ordinal)).Select(name => name[heads.Length..])];
    }

    private async Task<Dictionary<string, string>> ListAsync(string[] patterns, CancellationToken cancellation)
    {
        var refs = new Dictionary<string, string>();
        var (result, problem) = await RunAsync(
            () =>
            {
                refs.Clear();
                return cache.Call(["ls-remote", "--quiet", "--", _url.Value, .. patterns]) with { ReadOutput = ReadRefsAsync, MemoryBytes = ListMemoryBytes };
            },
            cancellation);
        ThrowIfFailed(result, problem);
        return refs;

        async Task ReadRefsAsync(Stream output)
        {
            using var reader = new StreamReader(new CappedStream(output, MaxRefBytes, () =>
                new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.RefsTooMany(_url, MaxRefBytes))));
            while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
            {
                if (refs.Count < MaxRefs && line.Split('\t', 2) is [{ Length: 40 } commit, var name])
                    refs[name] = commit;
            }
        }
    }

    private async Task<(GitResult, GitProblem?)> RunAsync(Func<GitCall> call, CancellationToken cancellation)
    {
        for (var redirected = 0; ; redirected++)
        {
            var result = await RunWatchedAsync(call() with { Remote = _url, Authorization = access.Authorization }, cancellation);
            GitProblem? problem = result.ExitCode == 0 ? null : GitErrors.Classify(result);
            if (problem != GitProblem.Moved)
                return (result, problem);
            if (redirected == MaxRedirects)
                throw new StepFailedException(FailureReason.RepositoryNotFound, CodeDownloaderTexts.RedirectedNowhere(_url));
            _url = await redirects.FindAsync(_url, access.Authorization, cancellation);
            log.Warning(CodeDownloaderTexts.RepositoryMoved(_url));
        }
    }

    /// <summary>Ends git when it takes too long, or when it receives more than it may.</summary>
    private async Task<GitResult> RunWatchedAsync(GitCall call, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(options.FetchTimeout, clock);
        using var limits = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        var before = cache.PackBytes();
        var running = git.RunAsync(call, limits.Token);
        var tooMuch = false;
        while (!tooMuch && await Task.WhenAny(running, Task.Delay(WatchInterval, clock, CancellationToken.None)) != running)
            tooMuch = cache.PackBytes() - before > (MaxBytes ?? options.MaxFetchBytes);
        if (tooMuch)
            await limits.CancelAsync();
        try
        {
            var result = await running;
            tooMuch = cache.PackBytes() - before > (MaxBytes ?? options.MaxFetchBytes);
            if (!tooMuch)
                return result;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            if (!tooMuch)
                throw new CodeDownloadException(CodeDownloaderTexts.TimedOut(_url, options.FetchTimeout));
        }

        // What has come may not be taken for fetched by the next try.
        await cache.CreateAsync(cancellation);
        throw new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.FetchTooLarge(_url, options.MaxFetchBytes));
    }

    private async Task ThrowIfFetchFailedAsync(GitResult result, GitProblem? problem, CancellationToken cancellation)
    {
        // A cache that lacks something can look like a line that broke.
        if (problem is GitProblem.Unreachable && cache.IsUsed && !await cache.IsWholeAsync(cancellation))
            problem = GitProblem.Unknown;
        ThrowIfFailed(result, problem);
    }

    private void ThrowIfFailed(GitResult result, GitProblem? problem)
    {
        if (problem is null)
            return;
        var message = SentenceFor(problem.Value, result, _url, access);
        throw problem switch
        {
            GitProblem.NotFound => new StepFailedException(FailureReason.RepositoryNotFound, message),
            GitProblem.NeedsCredentials or GitProblem.Forbidden => new StepFailedException(FailureReason.RepositoryNeedsCredentials, message),
            GitProblem.OtherHash => new StepFailedException(FailureReason.SourceRefused, message),
            GitProblem.CommitMissing => new StepFailedException(FailureReason.RefNotFound, message),
            GitProblem.TooMuchMemory => new StepFailedException(FailureReason.SourceTooLarge, message),
            GitProblem.DiskFull or GitProblem.Unreachable => new CodeDownloadException(message),
            GitProblem.Broken => new CacheDamagedException(message),
            _ when cache.IsUsed => new CacheDamagedException(message),
            _ => new CodeDownloadException(message),
        };
    }

    /// <summary>What went wrong, for a person.</summary>
    public static string SentenceFor(GitProblem problem, GitResult result, RepositoryUrl url, RemoteAccess access)
    {
        var explanation = GitErrors.Explain(result, access.Token);
        var withToken = access.Token is not null;
        return problem switch
        {
            GitProblem.NotFound => CodeDownloaderTexts.RepositoryNotFound(url, withToken),
            GitProblem.NeedsCredentials => withToken ? CodeDownloaderTexts.CredentialsRefused(url) : CodeDownloaderTexts.CredentialsNeeded(url),
            GitProblem.Forbidden => CodeDownloaderTexts.Forbidden(url, withToken),
            GitProblem.OtherHash => CodeDownloaderTexts.OtherHash(url),
            GitProblem.CommitMissing => CodeDownloaderTexts.RefGone(url),
            GitProblem.DiskFull => CodeDownloaderTexts.DiskFull(explanation),
            GitProblem.TooMuchMemory => CodeDownloaderTexts.TooMuchMemory(url.Value, explanation),
            GitProblem.Unreachable => CodeDownloaderTexts.Unreachable(url, explanation),
            GitProblem.Broken => explanation,
            _ => CodeDownloaderTexts.FetchFailed(url, explanation),
        };
    }
}
