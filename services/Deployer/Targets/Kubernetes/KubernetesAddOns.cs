using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Docker;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>The backing services of apps in their namespaces, for as long as the app is there.</summary>
internal sealed class KubernetesAddOns(
    KubernetesClient cluster, IOptions<RegistryOptions> registry, IOptions<KubernetesTargetOptions> target, IOptions<DeployerOptions> limits, TimeProvider clock)
{
    private const int PasswordBytes = 24;
    private static readonly KubernetesResource[] Watched = [KubernetesResource.StatefulSets, KubernetesResource.Pods, KubernetesResource.Events];
    private readonly RolloutWatch _rollouts = new(cluster, clock);

    /// <summary>Makes those that are not there, and waits until all take connections.</summary>
    /// <exception cref="StepFailedException">There is no such service, or not in this version.</exception>
    /// <exception cref="RolloutTroubleException">One does not start.</exception>
    /// <exception cref="StepPermanentException">One can't start, and nothing will change by itself.</exception>
    public async Task EnsureAsync(AppNamespace app, IReadOnlyList<AddOn> addOns, IStepLog log, CancellationToken cancellation)
    {
        foreach (var addOn in addOns)
        {
            if (!AddOnKind.All.ContainsKey(addOn.Name))
                throw new StepFailedException(FailureReason.NotSupportedByTarget, DeployerTexts.UnknownAddOn(addOn.Name, Target.Kubernetes, AddOnKind.All.Keys));
            await EnsureAsync(app, addOn, log, cancellation);
        }

        if (addOns.Count > 0)
            await WaitAsync(app, addOns, log, cancellation);
    }

    private async Task EnsureAsync(AppNamespace app, AddOn addOn, IStepLog log, CancellationToken cancellation)
    {
        var image = AddOnKind.ImageOf(addOn, limits.Value);
        var existing = await cluster.FindAsync(KubernetesResource.StatefulSets, app.Name, addOn.Name, cancellation);
        // One that has never run has no data of its version: another image may take its place.
        var runs = existing is not null && HasRun(existing) ? ImageOf(existing) : null;
        if (existing is null || (runs is null && ImageOf(existing) != image))
            log.Heading(DeployerTexts.StartingAddOn(addOn.Name, image));
        else if (runs is not null && runs != image)
            log.Warning(DeployerTexts.AddOnStays(addOn.Name, runs, image));
        try
        {
            // Never applied: the password that was made first is the one its data is opened with.
            var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes));
            await cluster.CreateAsync(new(AddOnObjects.Secret(app, addOn, password)), cancellation);
        }
        catch (KubernetesException exception) when (exception.Problem == KubernetesProblem.AlreadyExists)
        {
            // It has its password.
        }

        if (AddOnKind.All[addOn.Name].File is not null)
        {
            // By a list, which the deployer needs the right to for its records in any case.
            var secrets = await cluster.ListAsync(KubernetesResource.Secrets, app.Name, cancellation, fields: $"metadata.name={AddOnObjects.NameOf(addOn.Name)}");
            var password = (secrets.Items is [var secret, ..] ? (string?)secret.Read("data", AddOnObjects.PasswordKey) : null)
                ?? throw new StepPermanentException(KubernetesTargetTexts.AddOnWithoutPassword(addOn.Name, app.Name));
            await cluster.ApplyAsync(new(AddOnObjects.Settings(app, addOn, Encoding.UTF8.GetString(Convert.FromBase64String(password)))!), cancellation);
        }

        foreach (var made in AddOnObjects.Running(app, addOn, runs ?? image, registry.Value.HasLogin, target.Value, limits.Value))
            await cluster.ApplyAsync(new(made), cancellation);
    }

    private async Task WaitAsync(AppNamespace app, IReadOnlyList<AddOn> addOns, IStepLog log, CancellationToken cancellation)
    {
        var timeout = limits.Value.AddOnTimeout;
        var started = clock.GetTimestamp();
        var waits = addOns.Select(addOn => new Waited(addOn, new(log, clock))).ToList();
        await using var view = new NamespaceView(cluster, app.Name, Watched, cancellation);
        while (true)
        {
            var left = timeout - clock.GetElapsedTime(started);
            var wait = left;
            foreach (var waited in waits.ToList())
            {
                if (view.Find(KubernetesResource.StatefulSets, waited.Name) is not { } set || set.ObservedGeneration < set.Generation)
                    continue;
                var pod = view.Of(KubernetesResource.Pods).FirstOrDefault(pod => pod.Labels.GetValueOrDefault(AddOnObjects.AddOnLabel) == waited.Name && pod.DeletionTimestamp is null);
                if (RolloutReader.Number(set.Read("status", "readyReplicas")) > 0)
                {
                    waits.Remove(waited);
                    await RememberAsync(set, cancellation);
                    continue;
                }

                if (pod is not null && IsOutdated(pod, set))
                {
                    await ReplaceAsync(waited, pod, cancellation);
                    continue;
                }

                var trouble = TroubleOf(waited.AddOn, set, pod, view.Of(KubernetesResource.Events));
                var patience = waited.Patience.Left(trouble, wait);
                if (patience == TimeSpan.Zero && left > TimeSpan.Zero)
                    await _rollouts.GiveUpAsync(app.Name, trouble!, log, cancellation);
                if (left <= TimeSpan.Zero)
                    await _rollouts.GiveUpAsync(app.Name, Late(waited.Name, timeout, trouble, pod), log, cancellation);
                wait = patience;
            }

            if (waits.Count == 0)
                return;
            // The watch itself has told of nothing.
            if (left <= TimeSpan.Zero)
                throw new RolloutTroubleException(KubernetesTargetTexts.AddOnNotReady(waits[0].Name, timeout, why: null));
            await view.ChangedAsync(wait, cancellation);
        }
    }

    /// <summary>Why it does not run. Only the version is the developer's choice; for all else the platform is to blame.</summary>
    private Trouble? TroubleOf(AddOn addOn, KubernetesObject set, KubernetesObject? pod, IReadOnlyList<KubernetesObject> events)
    {
        var image = ImageOf(set) ?? "";
        var reader = new PodReader(limits.Value.AddOnMemory, "", target.Value.Patience) { AddOnImage = image };
        if (pod is null)
            return EventReader.WhyNotMade(EventReader.About(set, events)) is { } words ? reader.ToldRefused(addOn.Name, words) : null;
        return reader.TroubleOf(pod, addOn.Name, EventReader.About(pod, events)) switch
        {
            null => null,
            { Lasts: true } gone when gone.Patience == TimeSpan.Zero && addOn.Version is not null && image == AddOnKind.ImageOf(addOn, limits.Value) =>
                gone with { Reason = FailureReason.NotSupportedByTarget },
            { Lasts: true } lasting => lasting,
            { Reason: FailureReason.AppExited } ended => ended with { Reason = null, Patience = target.Value.Patience },
            // A volume may take longer to be made than a registry to come back.
            var other => other with { Patience = limits.Value.AddOnTimeout },
        };
    }

    private static Trouble Late(string name, TimeSpan timeout, Trouble? trouble, KubernetesObject? pod) =>
        new(TimeSpan.Zero, KubernetesTargetTexts.AddOnNotReady(name, timeout, trouble?.Message)) { Pod = pod is not null && PodReader.HasRun(pod) ? pod.Name : null };

    /// <summary>A stateful set waits for a pod that never gets ready before it brings it up to date.</summary>
    private static bool IsOutdated(KubernetesObject pod, KubernetesObject set) =>
        (string?)set.Read("status", "updateRevision") is { } revision && pod.Labels.GetValueOrDefault("controller-revision-hash") is { } made && made != revision;

    private async Task ReplaceAsync(Waited waited, KubernetesObject pod, CancellationToken cancellation)
    {
        if (!waited.Replaced.Add(pod.Uid))
            return;
        try
        {
            await cluster.DeleteAsync(KubernetesResource.Pods, pod.Namespace, pod.Name, cancellation, new() { Uid = pod.Uid });
        }
        catch (KubernetesException exception) when (exception.Problem is KubernetesProblem.StaleObject)
        {
            // The cluster was faster.
        }
    }

    /// <summary>From now on it has data.</summary>
    private async Task RememberAsync(KubernetesObject set, CancellationToken cancellation)
    {
        if (!set.Annotations.ContainsKey(AddOnObjects.HasRunAnnotation))
            await cluster.PatchAsync(KubernetesResource.StatefulSets, set.Namespace, set.Name, AddOnObjects.HasRun(), cancellation);
    }

    private static bool HasRun(KubernetesObject set) =>
        set.Annotations.ContainsKey(AddOnObjects.HasRunAnnotation) || RolloutReader.Number(set.Read("status", "readyReplicas")) > 0;

    private static string? ImageOf(KubernetesObject set) => (string?)set.Read("spec", "template", "spec", "containers")?[0]?["image"];

    private sealed record Waited(AddOn AddOn, Patience Patience)
    {
        public string Name => AddOn.Name;

        /// <summary>Pods that were taken away to be made again.</summary>
        public HashSet<string> Replaced { get; } = [];
    }
}
