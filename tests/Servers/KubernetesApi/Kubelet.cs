using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>A node: it takes pods through their lives, as their scripts say, one state at a time.</summary>
internal sealed partial class Kubelet(Cluster cluster)
{
    private const string OverTime = "Pod was active on the node longer than the specified deadline";
    private static readonly ApiType Pods = ApiType.Of("pods");
    private readonly Dictionary<string, PodLife> _lives = [];
    private readonly PodStatus _status = new(cluster.Store);
    private readonly Probes _probes = new(cluster.Events);

    public ContainerLogs Logs { get; } = new();

    public void Run()
    {
        var pods = cluster.Store.All(Pods).ToList();
        foreach (var gone in _lives.Keys.Except(pods.Select(pod => pod.Thing.Uid())).ToList())
        {
            _lives.Remove(gone);
            Logs.End(gone);
        }

        foreach (var pod in pods)
        {
            var uid = pod.Thing.Uid();
            if (!_lives.TryGetValue(uid, out var life))
                _lives[uid] = life = new PodLife(cluster.ScriptOf(pod.Thing));
            // A pod that no node has taken is offered again and again.
            else if (life.State == PodState.New)
                life.Script = cluster.ScriptOf(pod.Thing);
            if (pod.Thing.IsEnding())
                End(pod, life);
            else if (life.IsOver(pod.Thing.Number("spec", "activeDeadlineSeconds")))
                Expire(pod, life);
            else
                Live(pod, life);
        }
    }

    /// <summary>One step on, if it is time.</summary>
    private void Live(Stored pod, PodLife life)
    {
        var script = life.Script;
        switch (life.State)
        {
            case PodState.New when script.Unschedulable is { } why:
                if (life.Unscheduled != why)
                    cluster.Events.OfScheduler(pod, "Scheduling", "FailedScheduling", why, isWarning: true);
                life.Unscheduled = why;
                _status.Change(pod, status => PodStatus.Condition(status, "PodScheduled", false, "Unschedulable", why));
                break;
            case PodState.New:
                cluster.Events.OfScheduler(pod, "Binding", "Scheduled", $"Successfully assigned {pod.Thing.Namespace()}/{pod.Thing.Name()} to localhost");
                cluster.Store.Change(pod, thing => thing.Ensure("spec")["nodeName"] = "localhost");
                _status.Change(pod, status => PodStatus.Condition(status, "PodScheduled", true));
                life.To(PodState.Scheduled);
                break;
            case PodState.Scheduled:
                _status.Show(pod, "Pending", PodStatus.Waiting("ContainerCreating"), false, life, started: false);
                life.To(PodState.Creating);
                break;
            case PodState.Creating:
                Create(pod, life);
                break;
            case PodState.Waiting when life.Age > TimeSpan.FromMilliseconds(100) && WhyNotPulled(pod, life) is { } why && !life.IsBackingOff:
                BackOffPull(pod, life, why);
                break;
            case PodState.Waiting when life.NeedsSecret is not null && MissingReference(pod.Thing) is null:
                life.To(PodState.Creating);
                break;
            case PodState.Running when _probes.Ask(pod, life):
                Stop(pod, life, script.StopExitCode, "Error");
                break;
            case PodState.NotStarted when life.Age >= script.BackOff:
                life.Restarts++;
                life.To(PodState.Creating);
                break;
            case PodState.Running when Over(script, pod, life):
                Stop(pod, life, script.ExitCode, script.EndReason ?? (script.ExitCode == 0 ? "Completed" : "Error"));
                break;
            case PodState.Running when !life.IsReady && (!Probes.Has(pod.Thing) || (script.ReadyAfter is { } after && life.Age >= after)):
                life.IsReady = true;
                _status.Show(pod, "Running", PodStatus.RunningSince(life), true, life, started: true);
                break;
            case PodState.Stopped when life.Age >= script.BackOff:
                Start(pod, life);
                break;
            case PodState.Stopped or PodState.NotStarted when !life.IsBackingOff && life.Age >= script.BackOff / 4:
                BackOff(pod, life);
                break;
        }
    }

    private void BackOff(Stored pod, PodLife life)
    {
        life.IsBackingOff = true;
        var which = $"{pod.Thing.Name()}_{pod.Thing.Namespace()}({pod.Thing.Uid()})";
        Tell(pod, "BackOff", $"Back-off restarting failed container {Container(pod)} in pod {which}", isWarning: true);
        if (life.State != PodState.Stopped || !life.Script.ShowsBackOff)
            return;
        life.LastState = life.Ended;
        _status.Show(pod, "Running", PodStatus.Waiting("CrashLoopBackOff", $"back-off 1m20s restarting failed container={Container(pod)} pod={which}"), false, life, started: false);
    }

    private void Stop(Stored pod, PodLife life, int code, string reason)
    {
        life.Ended = new JsonObject
        {
            ["exitCode"] = code,
            ["reason"] = reason,
            ["startedAt"] = life.StartedAt,
            ["finishedAt"] = ApiStore.Now,
            ["containerID"] = life.ContainerId,
        };
        Logs.End(pod.Thing.Uid());
        var policy = pod.Thing.Text("spec", "restartPolicy");
        var isOver = policy == "Never" || (policy == "OnFailure" && code == 0);
        life.To(isOver ? PodState.Over : PodState.Stopped);
        _status.Show(pod, isOver ? code == 0 ? "Succeeded" : "Failed" : "Running", new JsonObject { ["terminated"] = life.Ended.DeepClone() }, false, life, started: false);
    }

    /// <summary>Its time is over: it ends, and stays.</summary>
    private void Expire(Stored pod, PodLife life)
    {
        var wasRunning = life.State == PodState.Running;
        if (life.State != PodState.Expiring)
        {
            life.IsStarted = wasRunning;
            cluster.Events.OfNode(pod, null, "DeadlineExceeded", OverTime);
            if (wasRunning)
                Tell(pod, "Killing", $"Stopping container {Container(pod)}");
            life.To(PodState.Expiring);
        }

        if (life.IsStarted && life.Age < life.Script.StopsAfter)
            return;
        Logs.End(pod.Thing.Uid());
        life.To(PodState.Over);
        var state = life.IsStarted
            ? new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = life.Script.StopExitCode, ["reason"] = life.Script.StopExitCode == 0 ? "Completed" : "Error", ["startedAt"] = life.StartedAt, ["finishedAt"] = ApiStore.Now, ["containerID"] = life.ContainerId } }
            : pod.Thing.Items("status", "containerStatuses").FirstOrDefault().Map("state").DeepClone().AsObject();
        _status.Show(pod, "Failed", state, false, life, started: false);
        _status.Change(pod, status => (status["reason"], status["message"]) = ("DeadlineExceeded", OverTime));
    }

    private void End(Stored pod, PodLife life)
    {
        if (life.State == PodState.Running)
            Tell(pod, "Killing", $"Stopping container {Container(pod)}");
        if (life.State != PodState.Ending)
            life.To(PodState.Ending);
        if (life.Age < life.Script.StopsAfter)
            return;
        Logs.End(pod.Thing.Uid());
        if (pod.Thing.At("metadata", "finalizers") is not JsonArray { Count: > 0 })
            cluster.Store.Remove(pod);
    }

    /// <summary>A pod of a job is over when it is not said otherwise.</summary>
    private static bool Over(PodScript script, Stored pod, PodLife life)
    {
        var after = script.EndsAfter ?? (pod.Thing.Text("spec", "restartPolicy") != "Always" && ReferenceEquals(script, PodScript.Works) ? TimeSpan.Zero : null);
        return after is { } time && life.Age >= time;
    }

    /// <summary>About its container.</summary>
    private void Tell(Stored pod, string reason, string message, bool isWarning = false) => cluster.Events.OfNode(pod, Container(pod), reason, message, isWarning);

    private static string Container(Stored pod) => pod.Thing.Items("spec", "containers").First().Text("name")!;

    private static string Image(Stored pod) => pod.Thing.Items("spec", "containers").First().Text("image") ?? "";
}
