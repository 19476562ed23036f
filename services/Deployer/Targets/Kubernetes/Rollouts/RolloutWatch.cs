using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>Follows the rollout of all process types of a release, until each has come up, or one can't.</summary>
internal sealed class RolloutWatch(KubernetesClient cluster, TimeProvider clock)
{
    private const int ShownLines = 20;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <param name="release">What is being brought in.</param>
    /// <param name="applied">The Kubernetes Deployments, as the server had them after they were applied.</param>
    /// <param name="log">For the developer.</param>
    /// <param name="cancellation">Ends the watching; the rollout goes on.</param>
    /// <exception cref="StepFailedException">It can't succeed, and the app is to blame.</exception>
    /// <exception cref="RolloutTroubleException">It can't succeed now, and the cluster or the platform is to blame.</exception>
    /// <exception cref="StepPermanentException">As before, and nothing will change by itself.</exception>
    public async Task FollowAsync(KubernetesRelease release, IReadOnlyList<KubernetesObject> applied, IStepLog log, CancellationToken cancellation)
    {
        var types = new[] { KubernetesResource.Deployments, KubernetesResource.Pods, KubernetesResource.Events };
        await using var view = new NamespaceView(cluster, release.App.Name, types, cancellation);
        var reader = new RolloutReader(release.Version, release.PodReader);
        var follows = applied.Select(deployment => new Followed(deployment, log, clock)).ToList();
        while (true)
        {
            var wait = LongestWait;
            foreach (var followed in follows)
            {
                var deployment = view.Find(KubernetesResource.Deployments, followed.Name);
                if (deployment is null && followed.IsKnown)
                    throw new RolloutTroubleException(KubernetesTargetTexts.Gone(KubernetesResource.Deployments.Kind, followed.Name));
                followed.IsKnown |= deployment is not null;
                // Before the watch has heard of what was applied there is nothing to be told.
                if (deployment is null || deployment.Generation < followed.Generation)
                    continue;
                var state = reader.Read(deployment, PodsOf(view, followed.Name), view.Of(KubernetesResource.Events));
                followed.Tell(state);
                wait = followed.Patience.Left(state.Trouble, wait);
                if (wait == TimeSpan.Zero)
                    await GiveUpAsync(release.App.Name, state.Trouble!, log, cancellation);
            }

            if (follows.TrueForAll(followed => followed.IsComplete))
                return;
            await view.ChangedAsync(wait, cancellation);
        }
    }

    private async Task ShowLastLinesAsync(string @namespace, string pod, IStepLog log, CancellationToken cancellation)
    {
        try
        {
            var lines = await LastLinesAsync(@namespace, pod, previous: false, cancellation);
            // A container that has just been started again has printed little, and one that waits nothing.
            if (lines.Count == 0)
                lines = await LastLinesAsync(@namespace, pod, previous: true, cancellation);
            log.Heading(lines.Count == 0 ? DeployerTexts.PrintedNothing(pod) : DeployerTexts.LastLines(pod));
            foreach (var line in lines)
                log.Detail(line);
        }
        catch (Exception exception) when (exception is KubernetesException or KubernetesUnreachableException)
        {
            // The reason itself is known without it.
            log.Heading(KubernetesTargetTexts.LogUnreadable(pod, exception.Message));
        }
    }

    private static List<KubernetesObject> PodsOf(NamespaceView view, string process) =>
        [.. view.Of(KubernetesResource.Pods).Where(pod => pod.Labels.GetValueOrDefault(AppNamespace.Component) == process)];

    /// <summary>Shows what the trouble's pod has printed last, as far as it can be had, and throws.</summary>
    public async Task GiveUpAsync(string @namespace, Trouble trouble, IStepLog log, CancellationToken cancellation)
    {
        if (trouble.Pod is { } pod)
            await ShowLastLinesAsync(@namespace, pod, log, cancellation);
        if (trouble.Reason is { } reason)
            throw new StepFailedException(reason, trouble.Message);
        throw trouble.Lasts ? new StepPermanentException(trouble.Message) : new RolloutTroubleException(trouble.Message);
    }

    private async Task<List<string>> LastLinesAsync(string @namespace, string pod, bool previous, CancellationToken cancellation)
    {
        var lines = new List<string>();
        try
        {
            await foreach (var line in cluster.ReadLogAsync(@namespace, pod, new() { Tail = ShownLines, Previous = previous }, cancellation))
                lines.Add(line.Text);
        }
        catch (KubernetesException exception) when (exception.Code is 400 or 404)
        {
            // There is none.
        }

        return lines;
    }

    private sealed class Followed(KubernetesObject applied, IStepLog log, TimeProvider clock)
    {
        private (int, int)? _told;

        public string Name { get; } = applied.Name;
        public long Generation { get; } = applied.Generation;
        public Patience Patience { get; } = new(log, clock);
        public bool IsKnown { get; set; }
        public bool IsComplete { get; private set; }

        public void Tell(RolloutState state)
        {
            if (state.IsComplete && !IsComplete)
                log.Detail(KubernetesTargetTexts.RolledOut(Name, state.Wanted));
            else if (!state.IsComplete && _told != (state.Ready, state.Wanted))
                log.Detail(KubernetesTargetTexts.Progress(Name, state.Ready, state.Wanted));
            _told = (state.Ready, state.Wanted);
            IsComplete = state.IsComplete;
        }
    }
}

/// <summary>A rollout can't succeed, and the app is not to blame. It may go well later.</summary>
public sealed class RolloutTroubleException(string message) : Exception(message);
