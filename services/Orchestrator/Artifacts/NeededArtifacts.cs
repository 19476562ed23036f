using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Orchestrator.Deployments;
using Paas.Persistence;

namespace Paas.Orchestrator.Artifacts;

/// <summary>
/// Knows which artifacts something needs: the images of releases that run, will run, or can be rolled back to, and
/// what deployments under way or faulted ones have made so far.
/// </summary>
/// <remarks>
/// What a step has saved and not yet told of stands nowhere. It is safe all the same: saving renews an artifact's
/// time; the deployment was there before the step saved anything; and while the step's answer is out, however long
/// that takes, the deployment is in one of <see cref="Saving"/>. So nothing saved after the oldest of those was made
/// is removed. A deployment that comes to such a step later saves later, and what was saved after it was listed is not
/// removed either. Whatever else refers to an artifact (a rollback, a replay) refers to one that something needs already.
/// </remarks>
internal sealed class NeededArtifacts(PaasDbContext db, DeploymentStateMachine machine)
{
    /// <summary>The states in which a step saves something that only its answer will name.</summary>
    private static readonly string[] Saving = [DeploymentStates.DownloadingCode, DeploymentStates.PublishingImage];

    /// <summary>Named one by one, so that the database finds the few among all deployments by the index of their state.</summary>
    private readonly string[] _underWay = [.. machine.States.Select(state => state.Name).Where(name => !DeploymentStates.IsFinal(name))];

    /// <summary>The time before which nothing was saved that could still become needed.</summary>
    public async Task<DateTime> SavedBeforeAsync(DateTime now, CancellationToken cancellation)
    {
        var oldest = await db.Deployments.Where(x => Saving.Contains(x.CurrentState)).MinAsync(x => (DateTime?)x.CreatedAt, cancellation);
        return oldest < now ? oldest.Value : now;
    }

    /// <summary>Which of these artifacts something needs.</summary>
    public async Task<HashSet<string>> AmongAsync(IReadOnlyCollection<string> digests, CancellationToken cancellation)
    {
        var apps = db.Apps.Select(app => app.Id);
        var images = await db.Releases.Where(x => digests.Contains(x.ImageDigest) && x.State != ReleaseStates.Failed && apps.Contains(x.AppId))
            .Select(x => x.ImageDigest).Distinct().ToListAsync(cancellation);
        // A faulted deployment can be replayed as long as its app is there.
        var unended = await db.Deployments
            .Where(x => (_underWay.Contains(x.CurrentState) || (x.CurrentState == DeploymentStates.Faulted && apps.Contains(x.AppId)))
                && (digests.Contains(x.SourceDigest!) || digests.Contains(x.ImageDigest!)))
            .Select(x => new { x.SourceDigest, x.ImageDigest }).Distinct().ToListAsync(cancellation);
        return [.. images, .. unended.SelectMany(x => new[] { x.SourceDigest, x.ImageDigest }).OfType<string>()];
    }
}
