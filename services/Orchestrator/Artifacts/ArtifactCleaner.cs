using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Hosting.Artifacts;
using Paas.Persistence;

namespace Paas.Orchestrator.Artifacts;

/// <summary>What a cleaner has removed.</summary>
internal readonly record struct RemovedArtifacts(int Count, long Bytes);

/// <summary>
/// Removes artifacts that nothing needs and that were not saved lately. Several cleaners at once do no harm; on
/// PostgreSQL only one is at work at a time.
/// </summary>
internal sealed partial class ArtifactCleaner(
    IServiceScopeFactory scopes, IArtifactStore artifacts, IOptions<ArtifactCleanerOptions> options, TimeProvider clock, ILogger<ArtifactCleaner> logger)
    : BackgroundService
{
    /// <summary>How many artifacts the database is asked about at once.</summary>
    private const int PageSize = 500;

    private static readonly TimeSpan LeftoverAge = TimeSpan.FromDays(1);

    /// <summary>A platform that has just started has other things to do.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMinutes(1);

    private bool _hasToldOfRefusal;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = options.Value.CleanupInterval;
        var delay = interval < FirstDelay ? interval : FirstDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(delay, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = interval;
            try
            {
                await CleanAsync(stoppingToken);
            }
            catch (ArtifactDeletionRefusedException refused)
            {
                // It will be the same every hour until an operator allows it; saying it once is enough.
                if (!_hasToldOfRefusal)
                    Log.DeletionRefused(logger, refused.Message);
                _hasToldOfRefusal = true;
            }
            catch (ArtifactStoreException exception)
            {
                Log.StoreAway(logger, exception.Message);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Log.CleanupFailed(logger, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Looks at every artifact once.</summary>
    internal async Task<RemovedArtifacts> CleanAsync(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        // The lock goes with the transaction, and so with the connection of a cleaner that dies.
        await using var turn = db.Database.IsNpgsql() ? await db.Database.BeginTransactionAsync(cancellation) : null;
        if (turn is not null && !await db.TryLockAsync(nameof(ArtifactCleaner), cancellation))
            return default;

        // More likely the wrong database than a platform that has nothing to lose.
        if (!await db.Apps.AnyAsync(cancellation))
            return default;
        var needed = scope.ServiceProvider.GetRequiredService<NeededArtifacts>();
        var now = clock.GetUtcNow();
        // Read before anything is listed: see NeededArtifacts.
        var before = await needed.SavedBeforeAsync(now.UtcDateTime, cancellation) - options.Value.OrphansKeptFor;
        var removed = default(RemovedArtifacts);
        var page = new List<StoredArtifact>(PageSize);
        await foreach (var artifact in artifacts.ListAsync(cancellation))
        {
            if (artifact.SavedAt.UtcDateTime >= before)
                continue;
            page.Add(artifact);
            if (page.Count < PageSize)
                continue;
            removed = await RemoveAsync(page, needed, removed, cancellation);
            page.Clear();
        }

        removed = await RemoveAsync(page, needed, removed, cancellation);
        await artifacts.RemoveLeftoversAsync(now - LeftoverAge, cancellation);
        if (removed.Count > 0)
            Log.Cleaned(logger, removed.Count, removed.Bytes);
        return removed;
    }

    private async Task<RemovedArtifacts> RemoveAsync(
        List<StoredArtifact> page, NeededArtifacts needed, RemovedArtifacts removed, CancellationToken cancellation)
    {
        if (page.Count == 0)
            return removed;
        var kept = await needed.AmongAsync([.. page.Select(artifact => artifact.Digest).Distinct()], cancellation);
        foreach (var orphan in page.Where(artifact => !kept.Contains(artifact.Digest)))
        {
            try
            {
                if (await artifacts.DeleteAsync(orphan, cancellation) is { } bytes)
                    removed = new RemovedArtifacts(removed.Count + 1, removed.Bytes + bytes);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Log.NotRemoved(logger, orphan.Digest, exception.Message); // the others may go
            }
        }

        return removed;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Count} artifacts that nothing needs any more, {Bytes} bytes")]
        public static partial void Cleaned(ILogger logger, int count, long bytes);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Explanation}")]
        public static partial void DeletionRefused(ILogger logger, string explanation);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Orphaned artifacts could not be removed, they are looked at again later: {Explanation}")]
        public static partial void StoreAway(ILogger logger, string explanation);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The artifact {Digest} could not be removed: {Explanation}")]
        public static partial void NotRemoved(ILogger logger, string digest, string explanation);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Orphaned artifacts could not be removed, they are looked at again later")]
        public static partial void CleanupFailed(ILogger logger, Exception exception);
    }
}
