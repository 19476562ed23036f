using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>The controller of jobs.</summary>
internal sealed class Jobs(Cluster cluster, PodMaker maker)
{
    private static readonly ApiType Pods = ApiType.Of("pods");
    private readonly ApiStore _store = cluster.Store;
    private readonly Dictionary<string, long> _since = [];

    public void Run()
    {
        foreach (var job in _store.All(ApiType.Of("jobs")).Where(each => !each.Thing.IsEnding()))
            Run(job);
    }

    private void Run(Stored job)
    {
        var (thing, spec) = (job.Thing, job.Thing.Map("spec"));
        _since.TryAdd(thing.Uid(), TimeProvider.System.GetTimestamp());
        var age = TimeProvider.System.GetElapsedTime(_since[thing.Uid()]);
        if (Is(thing, "Complete") || Is(thing, "Failed"))
        {
            if (spec.Number("ttlSecondsAfterFinished") is { } seconds && age > TimeSpan.FromSeconds(seconds))
                cluster.Writer.Delete(job, null, "Background");
            return;
        }

        if (spec.At("suspend")?.ToString() == "true")
            return;
        var pods = _store.All(Pods, thing.Namespace()).Where(each => each.Thing.Items("metadata", "ownerReferences").Any(owner => owner.Text("uid") == thing.Uid())).ToList();
        var (succeeded, failed) = (pods.Count(pod => pod.Thing.Text("status", "phase") == "Succeeded"), pods.Count(pod => pod.Thing.Text("status", "phase") == "Failed"));
        var active = pods.Where(pod => !pod.Thing.IsEnding() && pod.Thing.Text("status", "phase") is "Pending" or "Running").ToList();
        // One that somebody has removed counts as failed.
        failed += pods.Count(pod => pod.Thing.IsEnding() && pod.Thing.Text("status", "phase") is "Pending" or "Running");
        var restarts = active.Sum(pod => pod.Thing.Items("status", "containerStatuses").Sum(each => each.Number("restartCount") ?? 0));
        if (Is(thing, "SuccessCriteriaMet"))
        {
            Finish(job, pods, "Complete");
        }
        else if (Is(thing, "FailureTarget"))
        {
            foreach (var pod in active)
                cluster.Writer.Delete(pod, null, null);
            if (active.Count == 0 && pods.All(pod => !pod.Thing.IsEnding()))
                Finish(job, pods, "Failed");
        }
        else if (succeeded > 0)
        {
            Begin(job, "SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods", pods);
        }
        else if (spec.Number("activeDeadlineSeconds") is { } limit && age > TimeSpan.FromSeconds(limit))
        {
            Begin(job, "FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline", pods);
        }
        else if (failed + restarts > (spec.Number("backoffLimit") ?? 6))
        {
            Begin(job, "FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit", pods);
        }
        else
        {
            if (active.Count == 0 && pods.All(pod => !pod.Thing.IsEnding()))
                maker.TryCreate(job, $"{thing.Name()}-{Names.Random()}", $"{thing.Name()}-", spec.Map("template"));
            Status(job, pods, thing.Text("status", "startTime") is null ? 1 : active.Count, failed, active.Count(pod => Workloads.IsReady(pod.Thing)));
        }
    }

    private void Begin(Stored job, string type, string reason, string message, List<Stored> pods) => _store.Change(job, thing =>
    {
        Add(thing, type, reason, message);
        var status = thing.Ensure("status");
        status.Remove("active");
        status["terminating"] = pods.Count(pod => pod.Thing.IsEnding());
        status["ready"] = 0;
    }, status: true);

    private void Finish(Stored job, List<Stored> pods, string type)
    {
        _since[job.Thing.Uid()] = TimeProvider.System.GetTimestamp();
        _store.Change(job, thing =>
        {
            var status = thing.Ensure("status");
            var why = status.Items("conditions").Last();
            Add(thing, type, why.Text("reason")!, why.Text("message")!);
            if (type == "Complete")
            {
                status["completionTime"] = ApiStore.Now;
                status["succeeded"] = 1;
            }

            var failed = pods.Count(pod => pod.Thing.Text("status", "phase") == "Failed") + (why.Text("reason") == "DeadlineExceeded" ? 1 : 0);
            if (failed > 0)
                status["failed"] = failed;
            status["terminating"] = 0;
            status["uncountedTerminatedPods"] = new JsonObject();
            status["ready"] = 0;
        }, status: true);
    }

    private void Status(Stored job, List<Stored> pods, int active, int failed, int ready) => _store.Change(job, thing =>
    {
        var status = thing.Ensure("status");
        status.Default("startTime", ApiStore.Now);
        if (active > 0)
            status["active"] = active;
        else
            status.Remove("active");
        if (failed > 0)
            status["failed"] = failed;
        status["terminating"] = pods.Count(pod => pod.Thing.IsEnding());
        status["uncountedTerminatedPods"] = new JsonObject();
        status["ready"] = ready;
    }, status: true);

    private static void Add(JsonObject thing, string type, string reason, string message)
    {
        var status = thing.Ensure("status");
        if (status["conditions"] is not JsonArray conditions)
            status["conditions"] = conditions = [];
        conditions.Add(new JsonObject
        {
            ["type"] = type,
            ["status"] = "True",
            ["lastProbeTime"] = ApiStore.Now,
            ["lastTransitionTime"] = ApiStore.Now,
            ["reason"] = reason,
            ["message"] = message,
        });
    }

    private static bool Is(JsonObject job, string type) => job.Items("status", "conditions").Any(each => each.Text("type") == type && each.Text("status") == "True");
}
