using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Pushes;

internal enum HeadVerdict
{
    /// <summary>The branch points to something newer.</summary>
    Overtaken,

    /// <summary>The commit was pushed again since the branch was looked at.</summary>
    AskAgain,

    /// <summary>What the branch points to is no reason to leave the commit out.</summary>
    DeployAnyway,
}

/// <summary>
/// Judges a pushed commit that is not what its branch points to. Git hosts promise no order, and redeliver what failed
/// hours later: only the branch itself tells whether a push is the newest.
/// </summary>
internal sealed class BranchHeads(PaasDbContext db)
{
    public const string Prefix = "refs/heads/";
    private const int MaxSkipped = 100;

    public async Task<HeadVerdict> JudgeAsync(DeploymentState deployment, string? head, CancellationToken cancellation)
    {
        // Pushes are decided on under the same lock: none can find this deployment in progress while it ends.
        if (await db.LockEnvironmentAsync(deployment.EnvironmentId, cancellation) is not { } environment)
            return HeadVerdict.Overtaken; // the app was removed
        var repeated = await db.Deliveries.CountAsync(
            x => x.DeploymentId == deployment.CorrelationId && x.Decision == DeliveryDecisions.Duplicate && x.SignatureHash != null, cancellation);
        if (repeated > deployment.Steps.Count(step => step.Overtaken))
            return HeadVerdict.AskAgain;
        if (head is not null && await IsSkippedSinceAsync(deployment.AppId, deployment.Ref!, deployment.Commit!, head, cancellation))
            return HeadVerdict.DeployAnyway;
        return environment.Policy == ConcurrencyPolicy.Queue && head is not null && await IsInOrderAsync(deployment, head, cancellation)
            ? HeadVerdict.DeployAnyway
            : HeadVerdict.Overtaken;
    }

    /// <summary>Writes down by what the deployment was overtaken, also with its delivery.</summary>
    public async Task RecordAsync(DeploymentState deployment, string? head, CancellationToken cancellation)
    {
        var branch = deployment.Ref!.StartsWith(Prefix, StringComparison.Ordinal) ? deployment.Ref[Prefix.Length..] : deployment.Ref;
        deployment.SupersededByCommit = head;
        deployment.SupersededBy = head is null ? null : await db.Deployments
            .Where(x => x.EnvironmentId == deployment.EnvironmentId && x.Commit == head && x.CorrelationId != deployment.CorrelationId)
            .OrderByDescending(x => x.Sequence).Select(x => (Guid?)x.CorrelationId).FirstOrDefaultAsync(cancellation);
        deployment.SupersededReason = head is null
            ? OrchestratorTexts.BranchGone(deployment.Commit!, branch)
            : OrchestratorTexts.BranchMoved(deployment.Commit!, branch, head, deployment.SupersededBy);
        foreach (var delivery in await db.Deliveries
            .Where(x => x.DeploymentId == deployment.CorrelationId && x.Decision == DeliveryDecisions.Deployed).ToListAsync(cancellation))
        {
            delivery.Decision = DeliveryDecisions.Superseded;
            delivery.Reason = deployment.SupersededReason;
        }
    }

    /// <returns>The newest push, if it was superseded because the branch points to one that is left out.</returns>
    public async Task<DeploymentState?> FindSupersededByAsync(Delivery skipped, AppEnvironment environment, CancellationToken cancellation)
    {
        var newest = await db.Deployments.AsNoTracking()
            .Where(x => x.EnvironmentId == environment.Id && !DeploymentTriggers.OfLiveImage.Contains(x.Trigger))
            .OrderByDescending(x => x.Sequence).FirstOrDefaultAsync(cancellation);
        return newest is { CurrentState: DeploymentStates.Superseded, SupersededByCommit: { } head } && head == skipped.After
            && await IsSkippedSinceAsync(newest.AppId, skipped.Ref!, newest.Commit!, head, cancellation)
            ? newest
            : null;
    }

    /// <summary>Whether all that was pushed onto a commit, up to the branch's head, is left out.</summary>
    private async Task<bool> IsSkippedSinceAsync(Guid app, string branch, string commit, string head, CancellationToken cancellation)
    {
        for (var (at, looks) = (head, 0); looks < MaxSkipped; looks++)
        {
            if (at == commit)
                return true;
            at = await db.Deliveries.Where(x => x.AppId == app && x.Ref == branch && x.After == at && x.SkipReason != null)
                .OrderByDescending(x => x.ReceivedAt).Select(x => x.Before).FirstOrDefaultAsync(cancellation);
            if (at is null)
                return false;
        }

        return false;
    }

    /// <summary>
    /// Where all pushes are to be deployed in turn: nothing that came before this push shows that it was late. What the
    /// branch points to by now was pushed after it.
    /// </summary>
    private async Task<bool> IsInOrderAsync(DeploymentState deployment, string head, CancellationToken cancellation)
    {
        var before = db.Deployments.Where(x => x.EnvironmentId == deployment.EnvironmentId && x.Sequence < deployment.Sequence);
        if (await before.AnyAsync(x => x.Commit == head, cancellation))
            return false;
        var push = await db.Deliveries.AsNoTracking()
            .FirstOrDefaultAsync(x => x.DeploymentId == deployment.CorrelationId && x.Decision == DeliveryDecisions.Deployed, cancellation);
        return push is not null && !await db.Deliveries.AnyAsync(
            x => x.AppId == push.AppId && x.Ref == push.Ref && x.Event == push.Event && x.Id != push.Id && x.ReceivedAt <= push.ReceivedAt
                && (x.After == head || x.Before == push.After),
            cancellation);
    }
}
