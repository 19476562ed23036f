using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>A node: it takes pods through their lives, as their scripts say, one state at a time.</summary>
internal sealed class Kubelet(Cluster cluster)
{
    private static readonly ApiType Pods = ApiType.Of("pods");
    private static readonly string[] Conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    private readonly Dictionary<string, Life> _lives = [];
    private readonly Dictionary<(string Uid, string Container), (ContainerLog? Current, ContainerLog? Previous)> _logs = [];
    private int _addresses;

    public ContainerLog? Current(string uid, string container) => _logs.GetValueOrDefault((uid, container)).Current;

    public ContainerLog? Previous(string uid, string container) => _logs.GetValueOrDefault((uid, container)).Previous;

    public void Print(string uid, string line)
    {
        foreach (var log in _logs.Where(log => log.Key.Uid == uid))
            log.Value.Current?.Print(line);
    }

    public void Run()
    {
        var pods = cluster.Store.All(Pods).ToList();
        foreach (var gone in _lives.Keys.Except(pods.Select(pod => pod.Thing.Uid())).ToList())
        {
            _lives.Remove(gone);
            EndLogs(gone);
        }

        foreach (var pod in pods)
        {
            var uid = pod.Thing.Uid();
            if (!_lives.TryGetValue(uid, out var life))
                _lives[uid] = life = new Life(cluster.ScriptOf(pod.Thing));
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
    private void Live(Stored pod, Life life)
    {
        var script = life.Script;
        switch (life.State)
        {
            case PodState.New when script.Unschedulable is { } why:
                Change(pod, status => Condition(status, "PodScheduled", false, "Unschedulable", why));
                break;
            case PodState.New:
                cluster.Store.Change(pod, thing => thing.Ensure("spec")["nodeName"] = "localhost");
                Change(pod, status => Condition(status, "PodScheduled", true));
                life.To(PodState.Scheduled);
                break;
            case PodState.Scheduled:
                Show(pod, "Pending", Waiting("ContainerCreating"), false, life, started: false);
                life.To(PodState.Creating);
                break;
            case PodState.Creating:
                Create(pod, life);
                break;
            case PodState.Waiting when life.Age > TimeSpan.FromMilliseconds(100) && script.PullError is { } why && !script.StaysAtError && !life.IsBackingOff:
                life.IsBackingOff = true;
                Show(pod, "Pending", Waiting("ImagePullBackOff", $"Back-off pulling image \"{Image(pod)}\": ErrImagePull: {why}"), false, life, started: false);
                break;
            case PodState.Waiting when life.NeedsSecret is not null && MissingReference(pod.Thing) is null:
                life.To(PodState.Creating);
                break;
            case PodState.NotStarted when life.Age >= script.BackOff:
                life.Restarts++;
                life.To(PodState.Creating);
                break;
            case PodState.Running when Over(script, pod, life):
                Stop(pod, life);
                break;
            case PodState.Running when !life.IsReady && (!HasProbe(pod.Thing) || (script.ReadyAfter is { } after && life.Age >= after)):
                life.IsReady = true;
                Show(pod, "Running", RunningSince(life), true, life, started: true);
                break;
            case PodState.Stopped when life.Age >= script.BackOff:
                Start(pod, life);
                break;
            case PodState.Stopped when script.ShowsBackOff && !life.IsBackingOff && life.Age >= script.BackOff / 4:
                life.IsBackingOff = true;
                life.LastState = life.Ended;
                Show(pod, "Running", Waiting("CrashLoopBackOff", $"back-off 1m20s restarting failed container={pod.Thing.Items("spec", "containers").First().Text("name")} pod={pod.Thing.Name()}_{pod.Thing.Namespace()}({pod.Thing.Uid()})"), false, life, started: false);
                break;
        }
    }

    private void Create(Stored pod, Life life)
    {
        var image = Image(pod);
        life.NeedsSecret = null;
        if (image.Any(char.IsUpper) && !image.Contains('@'))
        {
            life.To(PodState.Waiting);
            Show(pod, "Pending", Waiting("InvalidImageName", $"Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format: repository name ({Repository(image)}) must be lowercase"), false, life, started: false);
        }
        else if (life.Script.PullError is { } why)
        {
            life.To(PodState.Waiting);
            Show(pod, "Pending", Waiting("ErrImagePull", why), false, life, started: false);
        }
        else if (MissingReference(pod.Thing) is { } missing)
        {
            life.To(PodState.Waiting);
            life.NeedsSecret = missing;
            Show(pod, "Pending", Waiting("CreateContainerConfigError", missing), false, life, started: false);
        }
        else if (life.Script.StartError is { } reason && pod.Thing.Text("spec", "restartPolicy") == "Never")
        {
            life.Begin();
            life.To(PodState.Over);
            Show(pod, "Failed", new JsonObject { ["terminated"] = NotStarted(reason, life) }, false, life, started: false);
        }
        else if (life.Script.StartError is { } error)
        {
            life.To(PodState.NotStarted);
            life.Begin();
            life.LastState = NotStarted(error, life);
            Show(pod, "Running", Waiting("RunContainerError", error), false, life, started: false);
        }
        else
        {
            Start(pod, life);
        }
    }

    private void Start(Stored pod, Life life)
    {
        if (life.Ended is not null)
        {
            life.Restarts++;
            life.LastState = life.Ended;
        }

        life.To(PodState.Running);
        life.Begin();
        // Without a probe it is ready from its first second.
        life.IsReady = !HasProbe(pod.Thing);
        foreach (var container in pod.Thing.Items("spec", "containers"))
        {
            var key = (pod.Thing.Uid(), container.Text("name")!);
            var log = new ContainerLog();
            foreach (var line in life.Script.Prints)
                log.Print(line);
            _logs[key] = (log, _logs.GetValueOrDefault(key).Current);
        }

        Show(pod, "Running", RunningSince(life), life.IsReady, life, started: true);
    }

    private void Stop(Stored pod, Life life)
    {
        var code = life.Script.ExitCode;
        life.Ended = new JsonObject
        {
            ["exitCode"] = code,
            ["reason"] = life.Script.EndReason ?? (code == 0 ? "Completed" : "Error"),
            ["startedAt"] = life.StartedAt,
            ["finishedAt"] = ApiStore.Now,
            ["containerID"] = life.ContainerId,
        };
        EndLogs(pod.Thing.Uid());
        var policy = pod.Thing.Text("spec", "restartPolicy");
        var isOver = policy == "Never" || (policy == "OnFailure" && code == 0);
        life.To(isOver ? PodState.Over : PodState.Stopped);
        Show(pod, isOver ? code == 0 ? "Succeeded" : "Failed" : "Running", new JsonObject { ["terminated"] = life.Ended.DeepClone() }, false, life, started: false);
    }

    /// <summary>Its time is over: it ends, and stays.</summary>
    private void Expire(Stored pod, Life life)
    {
        var wasRunning = life.State == PodState.Running;
        if (life.State != PodState.Expiring)
        {
            life.IsStarted = wasRunning;
            life.To(PodState.Expiring);
        }

        if (life.IsStarted && life.Age < life.Script.StopsAfter)
            return;
        EndLogs(pod.Thing.Uid());
        life.To(PodState.Over);
        var state = life.IsStarted
            ? new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = life.Script.StopExitCode, ["reason"] = life.Script.StopExitCode == 0 ? "Completed" : "Error", ["startedAt"] = life.StartedAt, ["finishedAt"] = ApiStore.Now, ["containerID"] = life.ContainerId } }
            : pod.Thing.Items("status", "containerStatuses").FirstOrDefault().Map("state").DeepClone().AsObject();
        Show(pod, "Failed", state, false, life, started: false);
        Change(pod, status => (status["reason"], status["message"]) = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"));
    }

    private static JsonObject NotStarted(string why, Life life) => new()
    {
        ["exitCode"] = 128,
        ["reason"] = "StartError",
        ["message"] = why,
        ["startedAt"] = "1970-01-01T00:00:00Z",
        ["finishedAt"] = ApiStore.Now,
        ["containerID"] = life.ContainerId,
    };

    private void End(Stored pod, Life life)
    {
        if (life.State != PodState.Ending)
            life.To(PodState.Ending);
        if (life.Age < life.Script.StopsAfter)
            return;
        EndLogs(pod.Thing.Uid());
        if (pod.Thing.At("metadata", "finalizers") is not JsonArray { Count: > 0 })
            cluster.Store.Remove(pod);
    }

    private void EndLogs(string uid)
    {
        foreach (var log in _logs.Where(log => log.Key.Uid == uid))
            log.Value.Current?.End();
    }

    private void Show(Stored pod, string phase, JsonObject state, bool isReady, Life life, bool started) => Change(pod, status =>
    {
        status["observedGeneration"] = pod.Thing.Number("metadata", "generation") ?? 1;
        status["phase"] = phase;
        var names = string.Join(' ', pod.Thing.Items("spec", "containers").Select(container => container.Text("name")));
        var unready = isReady ? null : phase == "Succeeded" ? "PodCompleted" : "ContainersNotReady";
        Condition(status, "PodReadyToStartContainers", life.State is not PodState.Scheduled and not PodState.Over);
        Condition(status, "Initialized", true);
        Condition(status, "Ready", isReady, unready, unready == "ContainersNotReady" ? $"containers with unready status: [{names}]" : null);
        Condition(status, "ContainersReady", isReady, unready, unready == "ContainersNotReady" ? $"containers with unready status: [{names}]" : null);
        status.Default("hostIP", "10.244.0.1");
        status.Default("hostIPs", new JsonArray(new JsonObject { ["ip"] = "10.244.0.1" }));
        if (life.State is not PodState.Scheduled)
        {
            status.Default("podIP", $"10.244.0.{(++_addresses % 250) + 2}");
            status.Default("podIPs", new JsonArray(new JsonObject { ["ip"] = status.Text("podIP") }));
        }

        status.Default("startTime", ApiStore.Now);
        status["containerStatuses"] = new JsonArray([.. pod.Thing.Items("spec", "containers").Select(container => (JsonNode)ContainerStatus(container, state, isReady, life, started))]);
    });

    private static JsonObject ContainerStatus(JsonObject container, JsonObject state, bool isReady, Life life, bool started)
    {
        var status = new JsonObject
        {
            ["name"] = container.Text("name"),
            ["state"] = state.DeepClone(),
            ["lastState"] = life.LastState is null ? new JsonObject() : new JsonObject { ["terminated"] = life.LastState.DeepClone() },
            ["ready"] = isReady,
            ["restartCount"] = life.Restarts,
            ["image"] = container.Text("image"),
            ["imageID"] = life.ContainerId is null ? "" : $"sha256:{Names.Hash(container["image"]!)}",
            ["started"] = started,
        };
        if (life.ContainerId is not null)
        {
            status["containerID"] = life.ContainerId;
            status["resources"] = new JsonObject();
        }

        return status;
    }

    private void Change(Stored pod, Action<JsonObject> change) => cluster.Store.Change(pod, thing => change(thing.Ensure("status")), status: true);

    private static void Condition(JsonObject status, string type, bool isTrue, string? reason = null, string? message = null)
    {
        if (status["conditions"] is not JsonArray conditions)
            status["conditions"] = conditions = [];
        var old = conditions.OfType<JsonObject>().FirstOrDefault(each => each.Text("type") == type);
        var value = isTrue ? "True" : "False";
        var condition = new JsonObject
        {
            ["type"] = type,
            ["observedGeneration"] = 1,
            ["status"] = value,
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = old.Text("status") == value ? old.Text("lastTransitionTime") : ApiStore.Now,
        };
        if (reason is not null)
            condition["reason"] = reason;
        if (message is not null)
            condition["message"] = message;
        if (old is not null)
            conditions.Remove(old);
        conditions.Add(condition);
        var ordered = conditions.OfType<JsonObject>().OrderBy(each => Array.IndexOf(Conditions, each.Text("type"))).ToList();
        conditions.Clear();
        foreach (var each in ordered)
            conditions.Add(each);
    }

    private string? MissingReference(JsonObject pod)
    {
        foreach (var from in pod.Items("spec", "containers").SelectMany(container => container.Items("envFrom")))
        {
            foreach (var (field, plural, kind) in (ReadOnlySpan<(string, string, string)>)[("secretRef", "secrets", "secret"), ("configMapRef", "configmaps", "configmap")])
            {
                if (from.Text(field, "name") is { } name && from.At(field, "optional")?.ToString() != "true" && cluster.Store.Find(ApiType.Of(plural), pod.Namespace(), name) is null)
                    return $"{kind} \"{name}\" not found";
            }
        }

        return null;
    }

    /// <summary>A pod of a job is over when it is not said otherwise.</summary>
    private static bool Over(PodScript script, Stored pod, Life life)
    {
        var after = script.EndsAfter ?? (pod.Thing.Text("spec", "restartPolicy") != "Always" && ReferenceEquals(script, PodScript.Works) ? TimeSpan.Zero : null);
        return after is { } time && life.Age >= time;
    }

    private static bool HasProbe(JsonObject pod) => pod.Items("spec", "containers").Any(container => container["readinessProbe"] is not null);

    private static string Image(Stored pod) => pod.Thing.Items("spec", "containers").First().Text("image") ?? "";

    /// <summary>Without the registry and the tag.</summary>
    private static string Repository(string image) => image[(image.IndexOf('/') + 1)..].Split(':')[0];

    private static JsonObject RunningSince(Life life) => new() { ["running"] = new JsonObject { ["startedAt"] = life.StartedAt } };

    private static JsonObject Waiting(string reason, string? message = null)
    {
        var waiting = new JsonObject { ["reason"] = reason };
        if (message is not null)
            waiting["message"] = message;
        return new JsonObject { ["waiting"] = waiting };
    }

    private enum PodState
    {
        New,
        Scheduled,
        Creating,
        Waiting,
        NotStarted,
        Running,
        Stopped,
        Over,
        Expiring,
        Ending,
    }

    private sealed class Life(PodScript script)
    {
        private long _since = TimeProvider.System.GetTimestamp();
        private long? _taken;

        public PodScript Script { get; set; } = script;
        public PodState State { get; private set; }
        public TimeSpan Age => TimeProvider.System.GetElapsedTime(_since);
        public bool IsReady { get; set; }
        public bool IsStarted { get; set; }
        public bool IsBackingOff { get; set; }
        public string? NeedsSecret { get; set; }
        public int Restarts { get; set; }
        public JsonObject? Ended { get; set; }
        public JsonObject? LastState { get; set; }
        public string? StartedAt { get; private set; }
        public string? ContainerId { get; private set; }

        public void To(PodState state)
        {
            State = state;
            if (state == PodState.Scheduled)
                _taken = TimeProvider.System.GetTimestamp();
            IsBackingOff = false;
            _since = TimeProvider.System.GetTimestamp();
        }

        /// <summary>Whether it has been on its node for longer than it may.</summary>
        public bool IsOver(long? seconds) =>
            State != PodState.Over && seconds is { } limit && _taken is { } taken && TimeProvider.System.GetElapsedTime(taken) >= TimeSpan.FromSeconds(limit);

        public void Begin()
        {
            StartedAt = ApiStore.Now;
            ContainerId = $"containerd://{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32))}";
        }
    }
}
