using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Docker;
using Paas.Hosting;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>What every app on the cluster needs.</summary>
internal sealed class KubernetesServices(
    KubernetesClient cluster, KubernetesAddOns addOns, SecretSealer sealer, IHostApplicationLifetime lifetime, IOptions<RegistryOptions> registry,
    IOptions<PaasOptions> paas, IOptions<KubernetesTargetOptions> target, IOptions<DeployerOptions> limits, TimeProvider clock)
{
    public KubernetesClient Cluster { get; } = cluster;
    public KubernetesAddOns AddOns { get; } = addOns;
    public RolloutWatch Rollouts { get; } = new(cluster, clock);
    public ReleaseJob Jobs { get; } = new(cluster, new(cluster, clock), clock);
    public RegistryOptions Registry { get; } = registry.Value;
    public KubernetesTargetOptions Target { get; } = target.Value;
    public TimeProvider Clock { get; } = clock;

    /// <summary>Whether this process is about to end: what is under way is then left for the next one to go on with.</summary>
    public bool IsStopping => lifetime.ApplicationStopping.IsCancellationRequested;

    public string HostOf(string app) => $"{app}.{paas.Value.Domain}";

    /// <exception cref="StepPermanentException">The nodes could not get its image from anywhere.</exception>
    public KubernetesRelease ReleaseOf(DeployRelease command, AppNamespace app)
    {
        var prefix = Registry.Prefix ?? throw new StepPermanentException(KubernetesTargetTexts.NoRegistry());
        return new(
            command, app, $"{prefix}/{command.App}@{command.ImageDigest}", sealer.OpenAll(command.SealedConfigVars), HostOf(command.App),
            HasPullSecret: Registry.HasLogin, Target, limits.Value);
    }
}
