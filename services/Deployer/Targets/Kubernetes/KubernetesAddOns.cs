using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>The backing services of apps in their namespaces, for as long as the app is there.</summary>
internal sealed class KubernetesAddOns(
    KubernetesClient cluster, IOptions<KubernetesTargetOptions> target, IOptions<DeployerOptions> limits, TimeProvider clock)
{
    private const int PasswordBytes = 24;

    /// <summary>Makes those that are not there, and waits until all take connections.</summary>
    /// <exception cref="StepFailedException">There is no such service.</exception>
    /// <exception cref="TimeoutException">One does not start.</exception>
    public async Task EnsureAsync(AppNamespace app, IReadOnlyList<AddOn> addOns, IStepLog log, CancellationToken cancellation)
    {
        foreach (var addOn in addOns)
        {
            if (!AddOnKind.All.ContainsKey(addOn.Name))
                throw new StepFailedException(FailureReason.NotSupportedByTarget, DeployerTexts.UnknownAddOn(addOn.Name, Target.Kubernetes, AddOnKind.All.Keys));
            await EnsureAsync(app, addOn, log, cancellation);
        }

        await WaitAsync(app, addOns, cancellation);
    }

    private async Task EnsureAsync(AppNamespace app, AddOn addOn, IStepLog log, CancellationToken cancellation)
    {
        var image = AddOnKind.ImageOf(addOn, limits.Value);
        var existing = await cluster.FindAsync(KubernetesResource.StatefulSets, app.Name, addOn.Name, cancellation);
        var runs = (string?)existing?.Read("spec", "template", "spec", "containers")?[0]?["image"];
        if (runs is null)
            log.Heading(DeployerTexts.StartingAddOn(addOn.Name, image));
        else if (runs != image)
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

        foreach (var made in AddOnObjects.Running(app, addOn, runs ?? image, target.Value, limits.Value))
            await cluster.ApplyAsync(new(made), cancellation);
    }

    private async Task WaitAsync(AppNamespace app, IReadOnlyList<AddOn> addOns, CancellationToken cancellation)
    {
        if (addOns.Count == 0)
            return;
        var timeout = limits.Value.AddOnTimeout;
        var started = clock.GetTimestamp();
        await using var view = new NamespaceView(cluster, app.Name, [KubernetesResource.StatefulSets, KubernetesResource.Pods], cancellation);
        while (addOns.FirstOrDefault(addOn => !IsReady(view.Find(KubernetesResource.StatefulSets, addOn.Name))) is { } waited)
        {
            var left = timeout - clock.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                var pod = view.Of(KubernetesResource.Pods).FirstOrDefault(pod => pod.Labels.GetValueOrDefault(AddOnObjects.AddOnLabel) == waited.Name);
                var why = pod is null ? null : new PodReader(limits.Value.AddOnMemory, "", target.Value.Patience).TroubleOf(pod, waited.Name, [])?.Message;
                throw new TimeoutException(KubernetesTargetTexts.AddOnNotReady(waited.Name, timeout, why));
            }

            await view.ChangedAsync(left, cancellation);
        }
    }

    private static bool IsReady(KubernetesObject? set) => set is not null
        && set.ObservedGeneration >= set.Generation && RolloutReader.Number(set.Read("status", "readyReplicas")) > 0;
}
