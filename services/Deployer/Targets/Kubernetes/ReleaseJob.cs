using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>
/// Runs what prepares a release, such as a migration of its database, as a Job: once for a release, since whoever comes
/// after a deployer that was killed finds the Job and goes on waiting for it.
/// </summary>
internal sealed class ReleaseJob(KubernetesClient cluster, RolloutWatch rollouts, TimeProvider clock)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan RestOfLog = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <exception cref="StepFailedException">It failed.</exception>
    public async Task RunAsync(KubernetesRelease release, CommandLine command, IStepLog log, CancellationToken cancellation)
    {
        log.Heading(DeployerTexts.RunningReleaseCommand(command.ToString()));
        try
        {
            await cluster.CreateAsync(new(ReleaseObjects.Job(release, command, Timeout)), cancellation);
        }
        catch (KubernetesException exception) when (exception.Problem == KubernetesProblem.AlreadyExists)
        {
            // It was begun before.
        }

        await using var view = new NamespaceView(cluster, release.App.Name, [KubernetesResource.Jobs, KubernetesResource.Pods, KubernetesResource.Events], cancellation);
        var reader = new JobReader(release.PodReader, command.ToString(), release.Limits.AppMemory, Timeout);
        var patience = new Patience(log, clock);
        Task? printing = null;
        var isKnown = false;
        while (true)
        {
            var wait = LongestWait;
            var pods = view.Of(KubernetesResource.Pods).Where(pod => ReleaseObjects.IsOfReleaseCommand(pod, release.Version)).ToList();
            if (pods.Find(PodReader.HasRun) is { } pod)
                printing ??= PrintAsync(release.App.Name, pod.Name, log, cancellation);
            var job = view.Find(KubernetesResource.Jobs, release.JobName());
            if (job is null && isKnown)
                throw new RolloutTroubleException(KubernetesTargetTexts.Gone(KubernetesResource.Jobs.Kind, release.JobName()));
            if (job is not null)
            {
                isKnown = true;
                var state = reader.Read(job, pods, view.Of(KubernetesResource.Events));
                wait = patience.Left(state.Trouble, LongestWait);
                if (state.IsComplete || wait == TimeSpan.Zero)
                {
                    await (printing ?? Task.CompletedTask).WaitAsync(RestOfLog, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    cancellation.ThrowIfCancellationRequested();
                    if (state.IsComplete)
                        return;
                    // What was printed is told already.
                    await rollouts.GiveUpAsync(release.App.Name, printing is null ? state.Trouble! : state.Trouble! with { Pod = null }, log, cancellation);
                }
            }

            await view.ChangedAsync(wait, cancellation);
        }
    }

    private async Task PrintAsync(string @namespace, string pod, IStepLog log, CancellationToken cancellation)
    {
        await foreach (var line in cluster.ReadLogAsync(@namespace, pod, new() { Follow = true }, cancellation))
            log.Detail(line.Text);
    }
}
