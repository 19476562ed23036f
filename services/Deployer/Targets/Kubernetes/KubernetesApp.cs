using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>
/// One app's environment on a cluster. What is there is written down before it is made, and each step can be done again:
/// a deployer that comes after one that was killed finds the record of what was under way, and goes on with it.
/// </summary>
internal sealed class KubernetesApp(AppNamespace app, KubernetesServices services) : IDisposable
{
    private static readonly TimeSpan EndInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PutBackTime = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly ReleaseRecords _records = new(services.Cluster, app);

    public void Dispose() => _turn.Dispose();

    /// <summary>Brings a release in; the one before serves until it is there, and goes on if it does not come up.</summary>
    public async Task DeployAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await DeployInTurnAsync(command, log, confirm, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Removes the namespace with all there is in it.</summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (await FindNamespaceAsync(cancellation) is not { } found)
                return;
            await services.Cluster.DeleteAsync(KubernetesResource.Namespaces, null, app.Name, cancellation);
            // Looked for and not watched: a watch tells nothing of what was gone before it began.
            while (await services.Cluster.FindAsync(KubernetesResource.Namespaces, null, app.Name, cancellation) is { } ending && ending.Uid == found.Uid)
                await Task.Delay(EndInterval, services.Clock, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task DeployInTurnAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation)
    {
        var release = services.ReleaseOf(command, app);
        var found = await FindNamespaceAsync(cancellation);
        // Applying to it would seem to succeed.
        if (found?.DeletionTimestamp is not null)
            throw new InvalidOperationException(KubernetesTargetTexts.NamespaceEnding(app.Name));
        var records = found is null ? [] : await _records.ListAsync(cancellation);
        Fence(command, records);
        var isLive = records.Any(record => record.Release == command.Release && record.IsLive);
        log.Heading(isLive ? DeployerTexts.AlreadyRunning(command.Release) : DeployerTexts.Unpacking(command.Release));
        if (!isLive)
            await confirm(cancellation);
        await PrepareAsync(release, log, cancellation);
        var objects = ReleaseObjects.Running(release);
        try
        {
            if (!isLive)
                await _records.BeginAsync(release, objects, cancellation);
            if (command.Run.Release is { } releaseCommand && !isLive)
                await services.Jobs.RunAsync(release, releaseCommand, log, cancellation);
            if (!isLive)
                await confirm(cancellation);
            log.Heading(DeployerTexts.Starting(command.Release));
            await RollOutAsync(release, objects, log, cancellation);
            cancellation.ThrowIfCancellationRequested();
        }
        catch (Exception exception) when (!isLive && !services.IsStopping)
        {
            await PutBackAsync(command, records, log, forGood: exception is StepFailedException);
            throw;
        }

        await _records.MarkLiveAsync(command.Release, CancellationToken.None);
        log.Detail(DeployerTexts.Switched(command.Release));
        // From here on there is only forward, whoever cancels.
        await RemoveOthersAsync(objects, CancellationToken.None);
        await _records.TidyAsync(command.Release, CancellationToken.None);
    }

    private static void Fence(DeployRelease command, IReadOnlyList<ReleaseRecord> records)
    {
        if (records.FirstOrDefault(record => record.IsLive && record.Release > command.Release) is { } newer)
            throw new StepFailedException(FailureReason.ReleaseOutdated, DeployerTexts.ReleaseOutdated(command.App, command.Release, newer.Release));
        if (records.FirstOrDefault(record => record.Release == command.Release && record.ImageDigest != command.ImageDigest) is { } other)
            throw new StepPermanentException(DeployerTexts.ReleaseChanged(command.App, command.Release, other.ImageDigest, command.ImageDigest));
    }

    /// <summary>The namespace, if it is there and ours.</summary>
    private async Task<KubernetesObject?> FindNamespaceAsync(CancellationToken cancellation)
    {
        var found = await services.Cluster.FindAsync(KubernetesResource.Namespaces, null, app.Name, cancellation);
        if (found is null)
            return null;
        if (found.Labels.GetValueOrDefault(AppNamespace.ManagedBy) != KubernetesClient.FieldManager || found.Labels.GetValueOrDefault(AppNamespace.AppIdLabel) != app.AppId.ToString())
            throw new StepPermanentException(KubernetesTargetTexts.NamespaceOfOthers(app.Name));
        return found;
    }

    private async Task PrepareAsync(KubernetesRelease release, IStepLog log, CancellationToken cancellation)
    {
        await services.Cluster.ApplyAsync(new(NamespaceObjects.Namespace(app)), cancellation);
        List<JsonObject> walls =
        [
            NamespaceObjects.Quota(app, release.Options, release.Limits), NamespaceObjects.DenyAll(app), NamespaceObjects.AllowWithin(app, release.Options),
            NamespaceObjects.AllowRequests(app, release.Options), NamespaceObjects.AllowInternet(app, release.Options), ReleaseObjects.Config(release),
        ];
        if (NamespaceObjects.PullSecret(app, services.Registry) is { } secret)
            walls.Add(secret);
        walls.AddRange(release.Volumes.Select(volume => AppVolumes.Claim(app, volume, release.Options)));
        await Task.WhenAll(walls.Select(wall => services.Cluster.ApplyAsync(new(wall), cancellation)));
        await services.AddOns.EnsureAsync(app, release.Command.Run.AddOns, log, cancellation);
    }

    /// <summary>
    /// Brings the release in. A cluster that is told of more instances together with a new release makes those of the old
    /// release first, for which there may be no room: so what is there is replaced before there is more of it.
    /// </summary>
    private async Task RollOutAsync(KubernetesRelease release, IReadOnlyList<JsonObject> objects, IStepLog log, CancellationToken cancellation)
    {
        var there = await services.Cluster.ListAsync(KubernetesResource.Deployments, app.Name, cancellation, labels: $"{AppNamespace.ManagedBy}={KubernetesClient.FieldManager}");
        var first = objects.ToList();
        var later = new List<JsonObject>();
        for (var i = 0; i < first.Count; i++)
        {
            var made = new KubernetesObject(first[i]);
            var wanted = RolloutReader.Number(made.Read("spec", "replicas"));
            if (made.Kind != KubernetesResource.Deployments.Kind || there.Items.FirstOrDefault(thing => thing.Name == made.Name) is not { } before
                || !RolloutReader.ScalesOldPods(before, release.Version, wanted))
                continue;
            var instances = RolloutReader.Number(before.Read("spec", "replicas"));
            log.Detail(KubernetesTargetTexts.ScalingUp(made.Name, instances, wanted));
            later.Add(first[i]);
            first[i] = first[i].DeepClone().AsObject();
            first[i]["spec"]!["replicas"] = instances;
        }

        await services.Rollouts.FollowAsync(release, await ApplyAsync(first, log, cancellation), log, cancellation);
        if (later.Count > 0)
            await services.Rollouts.FollowAsync(release, await ApplyAsync(later, log, cancellation), log, cancellation);
    }

    /// <summary>Applies a release's objects; what somebody else has changed meanwhile is told, and becomes what the release says.</summary>
    /// <returns>The Kubernetes Deployments among them.</returns>
    private async Task<IReadOnlyList<KubernetesObject>> ApplyAsync(IEnumerable<JsonObject> objects, IStepLog? log, CancellationToken cancellation)
    {
        var applied = new List<KubernetesObject>();
        foreach (var thing in objects.Select(made => new KubernetesObject(made)))
        {
            KubernetesApplied answer;
            try
            {
                answer = await services.Cluster.ApplyAsync(thing, cancellation, force: false);
            }
            catch (KubernetesException exception) when (exception.Problem == KubernetesProblem.FieldConflict)
            {
                log?.Warning(KubernetesTargetTexts.Drift(thing.Kind, thing.Name, exception.Causes.Select(cause => $"{cause.Field} ({cause.Message})")));
                answer = await services.Cluster.ApplyAsync(thing, cancellation);
            }

            if (thing.Kind == KubernetesResource.Deployments.Kind)
                applied.Add(answer.Thing);
        }

        return applied;
    }

    /// <summary>Brings back what was there before: all process types together, or nothing at all if there was no release.</summary>
    private async Task PutBackAsync(DeployRelease command, IReadOnlyList<ReleaseRecord> before, IStepLog log, bool forGood)
    {
        using var limit = new CancellationTokenSource(PutBackTime, services.Clock);
        try
        {
            var now = await _records.ListAsync(limit.Token);
            // A newer attempt, by another deployer, goes on with the very same release; and a newer release is not to be undone.
            if (now.Any(record => record.Release > command.Release)
                || now.FirstOrDefault(record => record.Release == command.Release) is not { } mine || mine.IsLive || mine.Attempt != ReleaseRecords.AttemptOf(command))
                return;
            var previous = before.FirstOrDefault(record => record.IsLive);
            log.Heading(previous is null ? KubernetesTargetTexts.StoppedAll() : KubernetesTargetTexts.PutBack(AppNamespace.VersionOf(previous.Release)));
            var objects = previous?.Objects ?? [];
            await ApplyAsync(objects, log: null, limit.Token);
            await RemoveOthersAsync(objects, limit.Token);
            // Tried again, its release command must not run a second time.
            if (forGood)
                await _records.RemoveAsync(command.Release, limit.Token);
        }
        catch (Exception exception) when (exception is KubernetesException or KubernetesUnreachableException or OperationCanceledException)
        {
            log.Warning(KubernetesTargetTexts.NotPutBack(exception.Message));
        }
    }

    /// <summary>Removes what a release does not have and the one before it had, such as a worker that was dropped; never an add-on.</summary>
    private async Task RemoveOthersAsync(IReadOnlyList<JsonObject> objects, CancellationToken cancellation)
    {
        var kept = objects.Select(made => new KubernetesObject(made)).Select(thing => (thing.Kind, thing.Name)).ToHashSet();
        foreach (var type in new[] { KubernetesResource.Ingresses, KubernetesResource.Services, KubernetesResource.Deployments, KubernetesResource.PodDisruptionBudgets })
        {
            var there = await services.Cluster.ListAsync(
                type, app.Name, cancellation, labels: $"{AppNamespace.ManagedBy}={KubernetesClient.FieldManager},!{AddOnObjects.AddOnLabel}");
            foreach (var gone in there.Items.Where(thing => !kept.Contains((type.Kind, thing.Name))))
                await services.Cluster.DeleteAsync(type, app.Name, gone.Name, cancellation);
        }
    }
}
