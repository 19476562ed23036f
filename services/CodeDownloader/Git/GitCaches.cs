using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Hosting;
using Paas.Hosting.Processes;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Git;

/// <summary>The bare repositories, one for each app, that make the second fetch a small one.</summary>
public sealed partial class GitCaches(
    GitRunner git, IOptions<PaasOptions> paas, IOptions<CodeDownloaderOptions> options, TimeProvider clock, ILogger<GitCaches> logger)
{
    private readonly string _root = Path.Combine(Path.GetFullPath(paas.Value.DataDirectory), "cache", "git");
    private long _nextExpiry;

    /// <summary>Opens an app's cache for this caller alone, in this process and all others, and repairs it.</summary>
    internal async Task<GitCache> OpenAsync(Guid app, RepositoryUrl repository, IStepLog log, CancellationToken cancellation)
    {
        Directory.CreateDirectory(_root);
        var name = app.ToString("D");
        var @lock = await FileLock.TakeAsync(LockFile(name), clock, () => log.Detail(CodeDownloaderTexts.WaitingForOtherDownload()), cancellation);
        var cache = new GitCache(git, Path.Combine(_root, name), $"git-{name}", @lock, options.Value.RepackAfter);
        try
        {
            await cache.PrepareAsync(RepositoryUrl.Key(repository.Value) ?? repository.Value, cancellation);
            return cache;
        }
        catch
        {
            await cache.DisposeAsync();
            throw;
        }
    }

    /// <summary>Removes the caches nobody has used for long; looks at most once an hour.</summary>
    internal void Expire()
    {
        var now = clock.GetUtcNow();
        var due = Interlocked.Read(ref _nextExpiry);
        if (now.UtcTicks < due || Interlocked.CompareExchange(ref _nextExpiry, now.AddHours(1).UtcTicks, due) != due)
            return;
        foreach (var folder in Directory.EnumerateDirectories(_root))
        {
            var name = Path.GetFileName(folder);
            if (File.GetLastWriteTimeUtc(LockFile(name)) > now.UtcDateTime - options.Value.KeepCachesFor)
                continue;
            using var @lock = FileLock.TryTake(LockFile(name));
            if (@lock is null)
                continue;
            try
            {
                Directory.Delete(folder, recursive: true);
                Log.Expired(logger, name);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Log.NotExpired(logger, exception, name);
            }
        }
    }

    private string LockFile(string name) => Path.Combine(_root, name + ".lock");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Removed the git cache of app {App}, unused for long")]
        public static partial void Expired(ILogger logger, string app);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The unused git cache of app {App} could not be removed")]
        public static partial void NotExpired(ILogger logger, Exception exception, string app);
    }
}
