using Microsoft.Extensions.Options;
using Paas.CodeDownloader.Checks;
using Paas.CodeDownloader.Git;
using Paas.Contracts;
using Paas.Hosting.Secrets;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader;

/// <summary>Looks at a repository from outside: its default branch, and whether a branch exists.</summary>
public sealed class RepositoryInspector(GitRunner git, RedirectFinder redirects, SecretSealer sealer, IOptions<SourceOptions> options)
{
    private const int MaxRedirects = 3;
    private const int MaxBytes = 1 << 20;
    private const string Heads = "refs/heads/";

    /// <summary>As long as somebody waits for the answer.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(8);

    public async Task<RepositoryInspected> InspectAsync(InspectRepository question, CancellationToken cancellation)
    {
        if (!RepositoryUrl.TryParse(question.Repository, options.Value, out var url, out var refused))
            return new RepositoryInspected { Problem = refused };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(MaxTime);
        try
        {
            var access = RemoteAccess.Open(question.SealedRepositoryToken, sealer);
            for (var redirected = 0; ; redirected++)
            {
                var (lines, result) = await ListAsync(url, access, question.Branch, limit.Token);
                if (result.ExitCode == 0)
                    return Read(lines, question.Branch);
                var problem = GitErrors.Classify(result);
                if (problem != GitProblem.Moved || redirected == MaxRedirects)
                    return new RepositoryInspected { Problem = SentenceFor(problem, result, url, access) };
                url = await redirects.FindAsync(url, access.Authorization, limit.Token);
            }
        }
        catch (Exception exception) when (exception is StepFailedException or StepPermanentException or CodeDownloadException)
        {
            return new RepositoryInspected { Problem = exception.Message };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new RepositoryInspected { Problem = CodeDownloaderTexts.NotInspected(url, MaxTime) };
        }
    }

    // Nobody tries again later.
    private static string SentenceFor(GitProblem problem, GitResult result, RepositoryUrl url, RemoteAccess access) => problem is GitProblem.Unreachable or GitProblem.Unknown or GitProblem.Broken
        ? CodeDownloaderTexts.NotReached(url, GitErrors.Explain(result, access.Token))
        : GitRemote.SentenceFor(problem, result, url, access);

    private async Task<(List<string> Lines, GitResult Result)> ListAsync(RepositoryUrl url, RemoteAccess access, string? branch, CancellationToken cancellation)
    {
        var lines = new List<string>();
        string[] wanted = branch is null ? ["HEAD"] : ["HEAD", Heads + branch];
        var result = await git.RunAsync(
            new GitCall
            {
                Repository = null,
                BelongsTo = $"inspect-{Guid.NewGuid():N}",
                Arguments = ["ls-remote", "--quiet", "--symref", "--", url.Value, .. wanted],
                Remote = url,
                Authorization = access.Authorization,
                MemoryBytes = GitRemote.ListMemoryBytes,
                ReadOutput = ReadAsync,
            },
            cancellation);
        return (lines, result);

        async Task ReadAsync(Stream output)
        {
            using var reader = new StreamReader(new CappedStream(output, MaxBytes, () =>
                new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.RefsTooMany(url, MaxBytes))));
            while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
                lines.Add(line);
        }
    }

    // "ref: refs/heads/master TAB HEAD", then "<id> TAB <name>" for each.
    private static RepositoryInspected Read(List<string> lines, string? branch)
    {
        const string symbolic = "ref: " + Heads;
        var head = lines.Find(line => line.StartsWith(symbolic, StringComparison.Ordinal) && line.EndsWith("\tHEAD", StringComparison.Ordinal));
        var name = head?[symbolic.Length..^"\tHEAD".Length];
        return new RepositoryInspected
        {
            DefaultBranch = name is not null && RefName.IsValid(name) ? name : null,
            BranchExists = branch is not null && lines.Exists(line => line.EndsWith($"\t{Heads}{branch}", StringComparison.Ordinal)),
            IsEmpty = lines.Count == 0,
        };
    }
}
