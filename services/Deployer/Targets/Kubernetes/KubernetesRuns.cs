using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Deployer.Targets.Output;
using Paas.Hosting.Secrets;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>
/// Runs as Jobs: each has its run's id in its name, so there is never a second one. The cluster keeps the time limit and
/// removes what has ended long ago, whatever becomes of the deployer.
/// </summary>
internal sealed class KubernetesRuns(KubernetesServices services, SecretSealer sealer, IOptions<DeployerOptions> options, TimeProvider clock) : IRuns
{
    private const int KeptOfAnApp = 50;

    /// <summary>What a cluster needs to end a pod, besides the pod's own time; and the longest that is waited for it.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(15), LongestStop = TimeSpan.FromSeconds(45);

    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _turns = new();

    public string Name => Target.Kubernetes;

    private KubernetesClient Cluster => services.Cluster;

    public async Task<RunStatus> StartAsync(StartRun command, CancellationToken cancellation)
    {
        var turn = _turns.GetOrAdd(command.AppId, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellation);
        try
        {
            var variables = sealer.OpenAll(command.SealedVariables);
            var others = await FindAllAsync(command.AppId, cancellation);
            var run = others.FirstOrDefault(other => other.RunId == command.RunId) ?? await CreateAsync(command, variables.Keys.ToList(), others, cancellation);
            // A deployer that has made the Job may not have come to this; its pod waits for it.
            if (variables.Count > 0 && !run.HasEnded)
                await Cluster.ApplyAsync(new(RunObjects.Variables(AppOf(command, run.Job), run.RunId, run.Job.Uid, variables)), cancellation);
            return Show(run);
        }
        catch (KubernetesException exception) when (exception.Problem is KubernetesProblem.NamespaceTerminating or KubernetesProblem.NamespaceMissing)
        {
            throw new RunRefusedException(DeployerTexts.Removed(command.App));
        }
        finally
        {
            turn.Release();
        }
    }

    public async Task<IReadOnlyList<RunStatus>> ListAsync(Guid appId, CancellationToken cancellation)
    {
        var runs = await FindAllAsync(appId, cancellation);
        return [.. (await Task.WhenAll(runs.Select(run => EndIfHopelessAsync(run, cancellation)))).Select(Show)];
    }

    public async Task StopAsync(Guid appId, Guid runId, CancellationToken cancellation)
    {
        if (await FindAsync(appId, runId, cancellation) is not { HasEnded: false } run)
            return;
        var changes = RunObjects.Over(RunObjects.StoppedAnnotation, "true");
        // The Job's end would take the pod away, and what it has printed with it.
        if (run.HasStarted)
            changes.Remove("spec");
        await Cluster.PatchAsync(KubernetesResource.Jobs, run.Namespace, run.Job.Name, changes, cancellation);
        if (run.HasStarted)
            await EndPodAsync(run, cancellation);
        await WaitForEndAsync(run, cancellation);
    }

    /// <summary>The cluster does it all.</summary>
    public Task<DateTimeOffset?> TidyAsync(CancellationToken cancellation) => Task.FromResult<DateTimeOffset?>(null);

    public async Task<ILogSource?> OutputOfAsync(Guid appId, RunStatus run, CancellationToken cancellation)
    {
        if (await FindAsync(appId, run.RunId, cancellation) is not { } found)
            return null;
        // As it was told: more may come as long as the run is not known to be over.
        var isLive = run.State == RunStates.Running;
        if (found is { HasStarted: true, Pod: { } pod })
            return new RunLog(new PodLog(Cluster, found.Namespace, pod, run.Name), isLive);
        return isLive ? new WaitingRunLog(Cluster, found) : null;
    }

    private async Task<RunJob> CreateAsync(StartRun command, IReadOnlyCollection<string> variables, IReadOnlyList<RunJob> others, CancellationToken cancellation)
    {
        var max = options.Value.MaxRuns;
        if (others.Count(run => !run.HasEnded) >= max)
            throw new RunRefusedException(DeployerTexts.TooManyRuns(command.App, max));
        foreach (var old in others.Where(run => run.HasEnded).Skip(KeptOfAnApp - 1))
            await Cluster.DeleteAsync(KubernetesResource.Jobs, old.Namespace, old.Job.Name, cancellation, new() { Uid = old.Job.Uid });
        var app = await FindAppAsync(command, cancellation);
        var release = services.ReleaseOf(command.AsRelease(app.Environment), app);
        var made = RunObjects.Job(release, command, RunName.Choose(command.RunId, others.Select(run => run.Name)), variables);
        KubernetesObject? job;
        try
        {
            job = (await Cluster.CreateAsync(new(made), cancellation)).Thing;
        }
        catch (KubernetesException exception) when (exception.Problem == KubernetesProblem.AlreadyExists)
        {
            var there = await Cluster.ListAsync(KubernetesResource.Jobs, app.Name, cancellation, fields: $"metadata.name={RunObjects.NameOf(command.RunId)}");
            job = there.Items is [var first, ..] ? first : null;
        }

        return job is not null && RunJob.From(job, []) is { } run && run.RunId == command.RunId
            ? run
            : throw new RunRefusedException(KubernetesTargetTexts.JobOfOthers(RunObjects.NameOf(command.RunId), app.Name));
    }

    /// <summary>Where the release is live: its variables are there.</summary>
    private async Task<AppNamespace> FindAppAsync(StartRun command, CancellationToken cancellation)
    {
        var labels = $"{AppNamespace.AppIdLabel}={command.AppId},{AppNamespace.ManagedBy}={KubernetesClient.FieldManager}";
        foreach (var found in (await Cluster.ListAsync(KubernetesResource.Namespaces, null, cancellation, labels: labels)).Items.Where(found => found.DeletionTimestamp is null))
        {
            var app = AppOf(command, found);
            if (app.Name == found.Name && (await new ReleaseRecords(Cluster, app).ListAsync(cancellation)).Any(record => record.IsLive && record.Release == command.Release))
                return app;
        }

        throw new RunRefusedException(KubernetesTargetTexts.NotOnCluster(command.App, AppNamespace.VersionOf(command.Release)));
    }

    private async Task EndPodAsync(RunJob run, CancellationToken cancellation)
    {
        try
        {
            await Cluster.PatchAsync(KubernetesResource.Pods, run.Namespace, run.Pod!.Name, new() { ["spec"] = RunObjects.OverNow() }, cancellation);
        }
        catch (KubernetesException exception) when (exception.Problem == KubernetesProblem.NotFound)
        {
            // It has ended otherwise.
        }
    }

    /// <summary>Ends one that can't ever start. Whoever follows a run looks again and again, so what one deployer does not come to the next look does.</summary>
    private async Task<RunJob> EndIfHopelessAsync(RunJob run, CancellationToken cancellation)
    {
        if (run.IsStopped || run.WhyGivenUp is not null || run.TroubleOf(Reader) is not { } trouble || MayPass(trouble, run.Job))
            return run;
        var changes = RunObjects.Over(RunObjects.NotStartedAnnotation, trouble.Message);
        // Not if it has begun meanwhile.
        changes["metadata"]!["resourceVersion"] = run.Job.ResourceVersion;
        try
        {
            return run with { Job = await Cluster.PatchAsync(KubernetesResource.Jobs, run.Namespace, run.Job.Name, changes, cancellation) };
        }
        catch (KubernetesException exception) when (exception.Problem is KubernetesProblem.StaleObject or KubernetesProblem.NotFound)
        {
            return run;
        }
    }

    /// <summary>What may pass, such as a cluster without room, may do so until the run's time is over.</summary>
    private bool MayPass(Trouble trouble, KubernetesObject job) => trouble.Patience > TimeSpan.Zero && !(trouble.Lasts && clock.GetUtcNow() - job.CreatedAt >= trouble.Patience);

    private async Task WaitForEndAsync(RunJob run, CancellationToken cancellation)
    {
        var time = options.Value.StopGrace + StopTime;
        using var timeout = new CancellationTokenSource(time < LongestStop ? time : LongestStop, clock);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await foreach (var (change, job) in Cluster.WatchAsync(KubernetesResource.Jobs, run.Namespace, giveUp.Token, fields: $"metadata.name={run.Job.Name}"))
            {
                if (change == KubernetesChange.Deleted || RunJob.IsFinished(job))
                    return;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // It takes its time; the answer shows that it still runs.
        }
    }

    private RunStatus Show(RunJob run) => run.Status(options.Value.AppMemory, Reader);

    private PodReader Reader => new(options.Value.AppMemory, healthPath: "", services.Target.Patience);

    private async Task<RunJob?> FindAsync(Guid appId, Guid runId, CancellationToken cancellation) =>
        await FindAllAsync(appId, cancellation, $"={runId}") is [var run, ..] ? run : null;

    /// <returns>Newest first.</returns>
    private async Task<IReadOnlyList<RunJob>> FindAllAsync(Guid appId, CancellationToken cancellation, string which = "")
    {
        var labels = $"{AppNamespace.AppIdLabel}={appId},{RunObjects.RunLabel}{which}";
        // Pods last: they are newer than what their Jobs tell of them.
        var jobs = await Cluster.ListAsync(KubernetesResource.Jobs, null, cancellation, labels: labels);
        var pods = (await Cluster.ListAsync(KubernetesResource.Pods, null, cancellation, labels: labels)).Items.ToLookup(pod => pod.Namespace);
        var runs = jobs.Items.Where(job => job.DeletionTimestamp is null).Select(job => RunJob.From(job, pods[job.Namespace])).OfType<RunJob>();
        return await Task.WhenAll(runs.OrderByDescending(run => run.Job.CreatedAt).Select(run => WithEventsAsync(run, cancellation)));
    }

    private async Task<RunJob> WithEventsAsync(RunJob run, CancellationToken cancellation) => run.HasStarted || run.HasEnded
        ? run
        : run with { Events = (await Cluster.ListAsync(KubernetesResource.Events, run.Namespace, cancellation, fields: run.FieldsOfEvents)).Items };

    private static AppNamespace AppOf(StartRun command, KubernetesObject found) =>
        new(command.AppId, command.App, found.Labels.GetValueOrDefault(AppNamespace.EnvironmentLabel) ?? "");
}
