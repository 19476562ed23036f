using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Hosting.Secrets;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Deployments;

/// <summary>What came of making a deployment's release.</summary>
/// <param name="Refusal">Why there can be none; null if there is one.</param>
/// <param name="Line">What the log is to say about it; null for nothing new.</param>
internal readonly record struct PreparedRelease(string? Refusal, string? Line)
{
    public static PreparedRelease Refused(string refusal) => new(refusal, null);

    public static PreparedRelease Telling(string line) => new(null, line);
}

/// <summary>Numbers releases, and keeps which of them is live.</summary>
internal sealed class Releases(PaasDbContext db, SecretSealer sealer)
{
    /// <summary>
    /// Makes the deployment's release, with the next number, today's formation and, if it brings code or new ones,
    /// today's config vars. A deployment that has its release keeps it, unless a newer one was made meanwhile. If the
    /// live release is all that it would make, it takes that one: it goes on as it is.
    /// </summary>
    public async Task<PreparedRelease> PrepareAsync(DeploymentState deployment, DateTime now, CancellationToken cancellation)
    {
        var environment = await db.LockEnvironmentAsync(deployment.EnvironmentId, cancellation)
            ?? throw new InvalidOperationException($"The app {deployment.AppName} was removed.");
        var own = await db.Releases.SingleOrDefaultAsync(x => x.DeploymentId == deployment.CorrelationId, cancellation);
        if (own is not null && own.Version == environment.LastRelease)
        {
            Take(deployment, own);
            deployment.Release = own.Version;
            return default;
        }

        var live = environment.LiveRelease is { } version ? await FindAsync(environment.Id, version, cancellation) : null;
        string? configVars;
        string description;
        switch (deployment.Trigger)
        {
            case DeploymentTriggers.Rollback:
                if (await FindAsync(environment.Id, deployment.RollbackTo!.Value, cancellation) is not { } old)
                    return PreparedRelease.Refused(OrchestratorTexts.NothingToRollBackTo(deployment.RollbackTo.Value));
                Take(deployment, old);
                configVars = old.SealedConfigVars;
                description = OrchestratorTexts.DescribeRollback(old.Version);
                break;
            case DeploymentTriggers.ConfigChange or DeploymentTriggers.Scale or DeploymentTriggers.Restart:
                if (live is null)
                    return PreparedRelease.Refused(OrchestratorTexts.NoLiveRelease);
                Take(deployment, live);
                // After a rollback the live ones are not today's, and whoever only scales does not ask for these.
                configVars = deployment.Trigger == DeploymentTriggers.ConfigChange
                    ? await SealConfigVarsAsync(deployment.AppId, cancellation) : live.SealedConfigVars;
                description = deployment.Description ?? "";
                break;
            default:
                configVars = await SealConfigVarsAsync(deployment.AppId, cancellation);
                description = OrchestratorTexts.DescribeDeploy(deployment.Commit!);
                break;
        }

        deployment.RunPlan = deployment.RunPlan!.With(environment.Formation);
        if (live is not null && !deployment.WantsNewInstances() && IsSame(live, deployment, configVars))
        {
            if (own is { State: ReleaseStates.Pending })
                own.State = ReleaseStates.Failed;
            deployment.Release = live.Version;
            return PreparedRelease.Telling(OrchestratorTexts.NothingChanged(live.Version));
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
        return PreparedRelease.Telling(OrchestratorTexts.ReleaseMade(deployment.Release.Value, description));
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

    /// <summary>Whether a release is what the deployment would make. Sealed twice, the same config vars look different: they are opened.</summary>
    private bool IsSame(Release live, DeploymentState deployment, string? configVars) =>
        live.ImageDigest == deployment.ImageDigest && live.Commit == deployment.Commit
        && JsonSerializer.Serialize(live.RunPlan) == JsonSerializer.Serialize(deployment.RunPlan)
        && (live.SealedConfigVars == configVars || HaveSameValues(live.SealedConfigVars, configVars));

    private bool HaveSameValues(string? before, string? now)
    {
        try
        {
            var (left, right) = (sealer.OpenAll(before), sealer.OpenAll(now));
            return left.Count == right.Count && left.All(variable => right.TryGetValue(variable.Key, out var value) && value == variable.Value);
        }
        catch (CryptographicException)
        {
            return false; // the key is gone: whatever they were, they are not there any more
        }
    }

    private async Task<string?> SealConfigVarsAsync(Guid appId, CancellationToken cancellation)
    {
        var variables = await db.ConfigVars.AsNoTracking().Where(x => x.AppId == appId).ToListAsync(cancellation);
        return sealer.SealAll(variables.ToDictionary(variable => variable.Name, variable => sealer.Open(variable.SealedValue)));
    }
}
