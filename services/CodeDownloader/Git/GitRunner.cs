using System.Globalization;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Processes;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Git;

/// <summary>One call of git.</summary>
internal sealed record GitCall
{
    /// <summary>The bare repository to work in; null for a call that needs none.</summary>
    public required string? Repository { get; init; }

    /// <summary>See <see cref="ChildProcessStart.BelongsTo"/>.</summary>
    public required string BelongsTo { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The only thing git may talk to; null for a call that stays in the repository.</summary>
    public RepositoryUrl? Remote { get; init; }

    /// <summary>The value of an <c>Authorization</c> header for the remote's host.</summary>
    public string? Authorization { get; init; }

    /// <summary>How much address space each process of git may have; null for the usual.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Reads standard output to its end, or throws and so ends git.</summary>
    public Func<Stream, Task>? ReadOutput { get; init; }
}

internal sealed record GitResult(int ExitCode, IReadOnlyList<string> Errors);

/// <summary>
/// Starts git with nothing of this machine's configuration and with everything switched off by which a repository or
/// an URL could run programs, reach other hosts or ask questions.
/// </summary>
public sealed class GitRunner(ProcessOwner owner, IOptions<CodeDownloaderOptions> options, IOptions<SourceOptions> source)
{
    private const int MaxErrorLines = 50;

    // What an operator sets to reach the internet at all.
    private static readonly string[] PassedOn =
    [
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "TMPDIR",
    ];

    private static readonly string[] Settings =
    [
        "protocol.allow=never", "http.followRedirects=false", "http.cookieFile=", "credential.helper=", "core.askPass=",
        "core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "core.fsmonitor=false", "core.logAllRefUpdates=false",
        "gc.auto=0", "maintenance.auto=false", "submodule.recurse=false", "fetch.recurseSubmodules=false",
        // Always one pack for each fetch: its growth can be watched, and large files are not unpacked in memory.
        "fetch.unpackLimit=1", "core.bigFileThreshold=32m", "pack.threads=1",
        // Maps packs piece by piece: all of a large one would not fit into the limit of memory.
        "core.packedGitWindowSize=32m", "core.packedGitLimit=128m", "core.deltaBaseCacheLimit=64m", "pack.windowMemory=128m",
        "tar.umask=0022",
    ];

    internal async Task<GitResult> RunAsync(GitCall call, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var errors = new Queue<string>();
        await using var process = Start(call, line =>
        {
            // What the server says through the side band decides nothing, and may not push out what does.
            if (line.StartsWith("remote: ", StringComparison.Ordinal))
                return;
            errors.Enqueue(line);
            if (errors.Count > MaxErrorLines)
                errors.Dequeue();
        });
        // The pipe cannot be waited for with a token: cancellation ends git, and with it the output.
        var exit = process.WaitAsync(cancellation);
        try
        {
            await (call.ReadOutput ?? DrainAsync)(process.Output);
        }
        catch
        {
            await process.DisposeAsync();
            await ((Task)exit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            throw;
        }

        return new GitResult(await exit, [.. errors]);
    }

    /// <summary>A call that stays in the cache, and fails only if that, or what came into it, is damaged.</summary>
    internal async Task RunLocallyAsync(GitCache cache, GitCall call, CancellationToken cancellation)
    {
        var result = await RunAsync(call, cancellation);
        if (result.ExitCode == 0)
            return;
        var explanation = GitErrors.Explain(result, null);
        throw GitErrors.Classify(result) switch
        {
            GitProblem.DiskFull => new CodeDownloadException(CodeDownloaderTexts.DiskFull(explanation)),
            GitProblem.TooMuchMemory => new StepFailedException(FailureReason.SourceTooLarge, CodeDownloaderTexts.TooMuchMemory("the commit", explanation)),
            GitProblem.Broken => new CacheDamagedException(explanation),
            _ when cache.IsUsed => new CacheDamagedException(CodeDownloaderTexts.CacheUnreadable(explanation)),
            _ => new CodeDownloadException(CodeDownloaderTexts.CacheUnreadable(explanation)),
        };
    }

    /// <summary>Ends what an earlier, killed process of the platform may have left running.</summary>
    internal void KillLeftovers(string belongsTo) => owner.KillLeftovers(belongsTo);

    private static Task DrainAsync(Stream output) => output.CopyToAsync(Stream.Null);

    private ChildProcess Start(GitCall call, Action<string> onErrorLine)
    {
        try
        {
            return ChildProcess.Start(owner, new ChildProcessStart
            {
                Command = "git",
                Arguments = [.. Options(call), .. call.Arguments],
                WorkingDirectory = "/",
                Environment = Environment(call),
                BelongsTo = call.BelongsTo,
                MemoryBytes = call.MemoryBytes ?? options.Value.GitMemoryBytes,
                OnErrorLine = onErrorLine,
            });
        }
        catch (CommandNotFoundException)
        {
            throw new StepPermanentException(CodeDownloaderTexts.GitMissing());
        }
    }

    private static IEnumerable<string> Options(GitCall call)
    {
        yield return "--no-pager";
        if (call.Repository is not null)
            yield return $"--git-dir={call.Repository}";
        foreach (var setting in Settings)
        {
            yield return "-c";
            yield return setting;
        }

        if (call.Remote is { } remote)
        {
            yield return "-c";
            yield return $"protocol.{remote.Scheme}.allow=always";
        }
    }

    private Dictionary<string, string> Environment(GitCall call)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = System.Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin",
            ["HOME"] = "/nonexistent",
            ["LC_ALL"] = "C",
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_ATTR_NOSYSTEM"] = "1",
            ["GIT_PROTOCOL_FROM_USER"] = "0",
            ["GIT_ALLOW_PROTOCOL"] = call.Remote?.Scheme ?? "none",
            ["GIT_OPTIONAL_LOCKS"] = "0",
            // One piece of memory need not be larger than the largest file: what an object claims to unfold to is not believed.
            ["GIT_ALLOC_LIMIT"] = Math.Max(source.Value.MaxFileBytes + (1 << 20), 64 << 20).ToString(CultureInfo.InvariantCulture),
            // An arena for each thread would reserve address space that is never used.
            ["MALLOC_ARENA_MAX"] = "1",
        };
        foreach (var name in PassedOn)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                environment[name] = value;
        }

        if (call is { Remote: { } remote, Authorization: { } authorization })
        {
            // Here and not in an argument, which every user of the machine could read, nor in a file.
            environment["GIT_CONFIG_COUNT"] = "1";
            environment["GIT_CONFIG_KEY_0"] = $"http.{remote.Origin}.extraHeader";
            environment["GIT_CONFIG_VALUE_0"] = $"Authorization: {authorization}";
        }

        return environment;
    }
}
