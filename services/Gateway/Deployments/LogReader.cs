using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Deployments;

/// <summary>A place in a log: a batch, and a line in it from 0; -1 is before its first line.</summary>
internal readonly record struct LogPosition(long Batch, int Line)
{
    public static LogPosition Start { get; } = new(0, -1);

    public static bool TryParse(string text, out LogPosition position)
    {
        position = Start;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !long.TryParse(text.AsSpan(0, dot), System.Globalization.NumberStyles.None, null, out var batch)
            || !int.TryParse(text.AsSpan(dot + 1), System.Globalization.NumberStyles.None, null, out var line))
            return false;
        position = new LogPosition(batch, line);
        return true;
    }
}

/// <summary>Something to tell a follower: lines, the deployment's new state, or nothing but that all is well.</summary>
internal abstract record LogEvent
{
    /// <param name="Last">Where the last of them stands.</param>
    /// <param name="Content">The lines.</param>
    public sealed record Lines(LogPosition Last, DeploymentLogEvent Content) : LogEvent;

    public sealed record Changed(DeploymentResponse Deployment) : LogEvent;

    public sealed record Ended(DeploymentResponse Deployment) : LogEvent;

    public sealed record Quiet : LogEvent
    {
        public static Quiet Instance { get; } = new();
    }
}

/// <summary>Reads what is stored of a deployment's log, and waits for more.</summary>
internal sealed class LogReader(PaasDbContext db, TimeProvider clock)
{
    private const int BatchesAtATime = 50;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(15);

    /// <summary>How long after a deployment's end the last lines are waited for.</summary>
    private static readonly TimeSpan MaxLag = TimeSpan.FromSeconds(5);

    /// <summary>After which place the last lines begin.</summary>
    public async Task<LogPosition> StartOfTailAsync(Guid deploymentId, int lines, CancellationToken cancellation)
    {
        var before = long.MaxValue;
        while (true)
        {
            var found = await db.LogBatches.AsNoTracking().Where(x => x.DeploymentId == deploymentId && x.Id < before)
                .OrderByDescending(x => x.Id).Take(BatchesAtATime).ToListAsync(cancellation);
            foreach (var batch in found)
            {
                var count = batch.Text.AsSpan().Count('\n') + 1;
                if (count >= lines)
                    return new LogPosition(batch.Id, count - lines - 1);
                lines -= count;
            }

            if (found.Count < BatchesAtATime)
                return LogPosition.Start;
            before = found[^1].Id;
        }
    }

    public async IAsyncEnumerable<LogEvent.Lines> ReadAsync(Guid deploymentId, LogPosition after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            var (batch, line) = after;
            var found = await db.LogBatches.AsNoTracking().Where(x => x.DeploymentId == deploymentId && x.Id >= batch)
                .OrderBy(x => x.Id).Take(BatchesAtATime).ToListAsync(cancellation);
            foreach (var stored in found)
            {
                if (LinesOf(stored, stored.Id == batch ? line + 1 : 0) is { Content.Lines.Count: > 0 } next)
                    yield return next;
            }

            if (found.Count < BatchesAtATime)
                yield break;
            after = new LogPosition(found[^1].Id, int.MaxValue - 1);
        }
    }

    /// <summary>Lines and states as they come, until the deployment has ended and its log is whole.</summary>
    public async IAsyncEnumerable<LogEvent> FollowAsync(Guid deploymentId, LogPosition after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? seen = null;
        DeploymentState? deployment = null;
        var quietSince = clock.GetTimestamp();
        using var timer = new PeriodicTimer(PollInterval, clock);
        do
        {
            // A short text tells whether there is anything new to read.
            var glimpse = await GlimpseAsync(deploymentId, cancellation);
            if (glimpse is null)
                yield break; // removed meanwhile
            var isNew = glimpse != seen;
            if (isNew)
            {
                seen = glimpse;
                deployment = await db.Deployments.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == deploymentId, cancellation);
                if (deployment is null)
                    yield break;
                yield return new LogEvent.Changed(DeploymentView.Show(deployment));
            }

            var isWhole = DeploymentStates.IsFinal(deployment!.CurrentState) && await IsWholeAsync(deployment, cancellation);
            var isQuiet = !isNew;
            await foreach (var lines in ReadAsync(deploymentId, after, cancellation))
            {
                isQuiet = false;
                after = lines.Last;
                yield return lines;
            }

            if (isWhole)
            {
                yield return new LogEvent.Ended(DeploymentView.Show(deployment));
                yield break;
            }

            if (!isQuiet)
            {
                quietSince = clock.GetTimestamp();
            }
            else if (clock.GetElapsedTime(quietSince) >= KeepAliveInterval)
            {
                quietSince = clock.GetTimestamp();
                yield return LogEvent.Quiet.Instance;
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    private async Task<string?> GlimpseAsync(Guid id, CancellationToken cancellation)
    {
        // Without its plans, and without making objects of its steps.
        var found = await db.Database.SqlQuery<string>(
            $"""
             SELECT current_state || '/' || attempt || '/' || log_batches || '/' || COALESCE(step, '') || '/' || COALESCE("commit", '') || '/'
                 || COALESCE(commit_message, '') || '/' || COALESCE(url, '') || '/' || COALESCE(image_digest, '') || '/' || steps AS "Value"
             FROM deployments WHERE correlation_id = {id}
             """).ToListAsync(cancellation);
        return found.SingleOrDefault();
    }

    private async Task<bool> IsWholeAsync(DeploymentState deployment, CancellationToken cancellation)
    {
        if (deployment.LogId is not { } log || (deployment.FinishedAt is { } end && clock.GetUtcNow().UtcDateTime - end > MaxLag))
            return true;
        return await db.LogBatches.CountAsync(batch => batch.LogId == log, cancellation) >= deployment.LogBatches;
    }

    private static LogEvent.Lines LinesOf(LogBatch batch, int first)
    {
        var lines = batch.Text.Split('\n');
        return new LogEvent.Lines(
            new LogPosition(batch.Id, lines.Length - 1),
            new DeploymentLogEvent { Step = batch.Step, Attempt = batch.Attempt, At = batch.At, Lines = first < lines.Length ? lines[first..] : [] });
    }
}
