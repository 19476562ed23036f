using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Hosting.Secrets;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Deployments;

/// <summary>Numbers releases, and keeps which of them is live.</summary>
internal sealed class Releases(PaasDbContext db, SecretSealer sealer)
{
    /// <summary>
    /// Makes the deployment's release, with the next number and today's config vars; a rollback's takes those of the
    /// release it brings back. A deployment that has its release keeps it, unless a newer one was made meanwhile.
    /// </summary>
    /// <returns>Why there can be no release; null if there is one.</returns>
    public async Task<string?> PrepareAsync(DeploymentState deployment, DateTime now, CancellationToken cancellation)
    {
        var environment = await db.LockEnvironmentAsync(deployment.EnvironmentId, cancellation)
            ?? throw new InvalidOperationException($"The app {deployment.AppName} was removed.");
        var own = await db.Releases.SingleOrDefaultAsync(x => x.DeploymentId == deployment.CorrelationId, cancellation);
        if (own is not null && own.Version == environment.LastRelease)
        {
            deployment.Release = own.Version;
            return null;
        }

        string? configVars;
        string description;
        switch (deployment.Trigger)
        {
            case DeploymentTriggers.Rollback:
                if (await FindAsync(environment.Id, deployment.RollbackTo!.Value, cancellation) is not { } old)
                    return OrchestratorTexts.NothingToRollBackTo(deployment.RollbackTo.Value);
                Take(deployment, old);
                configVars = old.SealedConfigVars;
                description = OrchestratorTexts.DescribeRollback(old.Version);
                break;
            case DeploymentTriggers.ConfigChange:
                if (environment.LiveRelease is not { } version || await FindAsync(environment.Id, version, cancellation) is not { } live)
                    return OrchestratorTexts.NoLiveRelease;
                Take(deployment, live);
                configVars = await SealConfigVarsAsync(deployment.AppId, cancellation);
                description = deployment.Description ?? "";
                break;
            default:
                configVars = await SealConfigVarsAsync(deployment.AppId, cancellation);
                description = OrchestratorTexts.DescribeDeploy(deployment.Commit!);
                break;
        }

        deployment.Release = ++environment.LastRelease;
        if (own is not null)
        {
            // One deployment has one release: the outdated one has to be gone before the new one comes.
            db.Releases.Remove(own);
            await db.SaveChangesAsync(cancellation);
        }

        db.Releases.Add(new Release
        {
            EnvironmentId = environment.Id,
            Version = deployment.Release.Value,
            AppId = deployment.AppId,
            DeploymentId = deployment.CorrelationId,
            Commit = deployment.Commit,
            ImageDigest = deployment.ImageDigest!,
            RunPlan = deployment.RunPlan!,
            SealedConfigVars = configVars,
            Description = description,
            State = ReleaseStates.Pending,
            CreatedAt = now,
        });
        return null;
    }

    public async Task MarkLiveAsync(DeploymentState deployment, CancellationToken cancellation)
    {
        var environment = await db.LockEnvironmentAsync(deployment.EnvironmentId, cancellation);
        if (environment is null || deployment.Release is not { } version)
            return;
        if (environment.LiveRelease is { } before && before != version && await FindAsync(environment.Id, before, cancellation) is { } retired)
            retired.State = ReleaseStates.Retired;
        if (await FindAsync(environment.Id, version, cancellation) is { } live)
            live.State = ReleaseStates.Live;
        environment.LiveRelease = version;
    }

    /// <summary>A release whose deployment has ended without it taking over never will.</summary>
    public async Task CloseAsync(DeploymentState deployment, CancellationToken cancellation)
    {
        if (deployment.Release is { } version
            && await FindAsync(deployment.EnvironmentId, version, cancellation) is { State: ReleaseStates.Pending } release)
            release.State = ReleaseStates.Failed;
    }

    private ValueTask<Release?> FindAsync(Guid environmentId, int version, CancellationToken cancellation) =>
        db.Releases.FindAsync([environmentId, version], cancellation);

    private static void Take(DeploymentState deployment, Release release)
    {
        deployment.ImageDigest = release.ImageDigest;
        deployment.RunPlan = release.RunPlan;
        deployment.Commit = release.Commit;
    }

    private async Task<string?> SealConfigVarsAsync(Guid appId, CancellationToken cancellation)
    {
        var variables = await db.ConfigVars.AsNoTracking().Where(x => x.AppId == appId).ToListAsync(cancellation);
        return sealer.SealAll(variables.ToDictionary(variable => variable.Name, variable => sealer.Open(variable.SealedValue)));
    }
}
