using System.Text.Json.Nodes;
using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests.Api;

/// <summary>What was done in the cluster between the requests of the transcripts, and what the pods there did.</summary>
internal static class RolloutSteps
{
    private const string Web = "docker.io/library/webapp";
    private const string Busybox = "docker.io/library/busybox:1.35";

    public static Dictionary<string, Func<Task>> Of(KubernetesApi api, Dictionary<string, long> marks)
    {
        var cluster = api.Cluster;
        cluster.ScriptFor = ScriptOf;
        Task Ready(string name, int replicas) => Wait.UntilAsync(() => TranscriptTests.Ready(api, "roll", "deployments", name, replicas) && !Shows(api, name, "unavailableReplicas"));
        return new()
        {
            ["106-watch-deployment-first-rollout"] = async () =>
            {
                cluster.Put(TranscriptTests.Thing("v1", "Namespace", null, "roll"));
                marks["106-watch-deployment-first-rollout"] = marks["149-watch-events-of-pods"] = cluster.Version;
                cluster.Put(Deployment("web", $"{Web}:v1", 2), "paas");
                await Ready("web", 2);
            },
            ["109-watch-deployment-update-rollout"] = async () =>
            {
                marks["109-watch-deployment-update-rollout"] = cluster.Version;
                cluster.Put(Deployment("web", $"{Web}:v2", 2), "paas");
                await Ready("web", 2);
            },
            ["113-replicasets-after-undo"] = async () =>
            {
                cluster.Put(Deployment("web", $"{Web}:v1", 2), "paas");
                await Ready("web", 2);
            },
            ["116-deployment-after-scale"] = () => Ready("web", 3),
            ["119-deployment-at-zero"] = () => Wait.UntilAsync(() => TranscriptTests.Ready(api, "roll", "deployments", "web", 0) || (!Shows(api, "web", "replicas") && cluster.All("pods", "roll").Count == 0)),
            ["120-restart-patch"] = async () =>
            {
                cluster.Put(Deployment("web", $"{Web}:v1", 2), "paas");
                await Ready("web", 2);
            },
            ["121-pod-log"] = () => Ready("web", 2),
            ["126-watch-deployment-progress-deadline"] = async () =>
            {
                marks["126-watch-deployment-progress-deadline"] = cluster.Version;
                cluster.Put(Deployment("stuck", "127.0.0.1:5000/nosuch:v9", 1, deadline: 1, isWeb: false, pull: "Always"), "paas");
                cluster.Put(Deployment("noroute", "registry.unreachable.test/app:v1", 1, deadline: 1, isWeb: false, pull: "Always"), "paas");
                cluster.Put(Deployment("crash", Busybox, 1, deadline: 10, isWeb: false, change: container => container["command"] = new JsonArray("sh", "-c", "echo starting; echo boom >&2; sleep 1; exit 3")), "paas");
                cluster.Put(Deployment("unready", $"{Web}:v1", 1, deadline: 1, change: container => container["readinessProbe"]!["httpGet"]!["path"] = "/nope"), "paas");
                cluster.Put(Deployment("nosecret", $"{Web}:v1", 1, deadline: 10, change: container => container["envFrom"] = new JsonArray(new JsonObject { ["secretRef"] = new JsonObject { ["name"] = "missing" } })), "paas");
                cluster.Put(Deployment("huge", $"{Web}:v1", 1, deadline: 10, change: container => container["resources"] = Resources("requests", ("cpu", "64"), ("memory", "1Ti"))), "paas");
                cluster.Put(Deployment("oom", Busybox, 1, deadline: 10, isWeb: false, change: container =>
                {
                    container["command"] = new JsonArray("sh", "-c", "x=a; while true; do x=$x$x; done");
                    container["resources"] = Resources("limits", ("memory", "16Mi"));
                }), "paas");
                cluster.Put(Deployment("badcmd", Busybox, 1, deadline: 10, isWeb: false, change: container => container["command"] = new JsonArray("/no/such/binary")), "paas");
                cluster.Put(Deployment("badname", "Docker.io/UPPER/Case:v1", 1, deadline: 10, isWeb: false), "paas");
                await Wait.UntilAsync(() => TranscriptTests.Condition(api, "roll", "stuck", "Progressing")?["reason"]?.ToString() == "ProgressDeadlineExceeded"
                    && TranscriptTests.Condition(api, "roll", "unready", "Progressing")?["reason"]?.ToString() == "ProgressDeadlineExceeded");
            },
            ["130-pod-crashloop-between-restarts"] = () => Wait.UntilAsync(() => Restarts(api, "crash") >= 2 && State(api, "crash", "terminated")),
            ["131-pod-log-previous-already-collected"] = () => TranscriptTests.Set(() => cluster.CollectsPrevious = true),
            ["133-pod-crashloop-backoff"] = () => Wait.UntilAsync(() => State(api, "crash", "waiting")),
            ["137-pod-log-crashed-previous"] = () => TranscriptTests.Set(() => cluster.CollectsPrevious = false),
            ["143-pod-oom-killed"] = () => Wait.UntilAsync(() => Restarts(api, "oom") >= 1 && State(api, "oom", "terminated")),
            ["149-watch-events-of-pods"] = () => Wait.UntilAsync(() => Told(api, "noroute", "Error: ImagePullBackOff") && Told(api, "badcmd", "Back-off restarting")),
            ["152-deployment-recovered"] = async () =>
            {
                cluster.Put(Deployment("stuck", $"{Web}:v1", 1, deadline: 1), "paas");
                await Ready("stuck", 1);
            },
            ["154-deployment-replica-failure-quota"] = async () =>
            {
                foreach (var name in (string[])["noroute", "crash", "unready", "nosecret", "huge", "oom", "badcmd", "badname", "stuck"])
                    cluster.Delete("deployments", "roll", name);
                await Wait.UntilAsync(() => cluster.All("pods", "roll").Count == 2);
                var blocker = TranscriptTests.Thing("v1", "Pod", "roll", "blocker");
                blocker["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "app", ["image"] = $"{Web}:v1" }) };
                cluster.Put(blocker);
                var quota = TranscriptTests.Thing("v1", "ResourceQuota", "roll", "q");
                quota["spec"] = new JsonObject { ["hard"] = new JsonObject { ["pods"] = "4" } };
                cluster.Put(quota);
                cluster.Put(Deployment("quota", $"{Web}:v1", 8, deadline: 10), "paas");
                await Wait.UntilAsync(() => TranscriptTests.Condition(api, "roll", "quota", "ReplicaFailure") is not null
                    && TranscriptTests.Condition(api, "roll", "quota", "Progressing")?["reason"]?.ToString() == "ReplicaSetUpdated");
            },
            ["155-watch-jobs"] = async () =>
            {
                cluster.Delete("deployments", "roll", "quota");
                cluster.Delete("resourcequotas", "roll", "q");
                cluster.Delete("pods", "roll", "blocker");
                marks["155-watch-jobs"] = cluster.Version;
                cluster.Put(Job("ok", ["sh", "-c", "echo migrated"]), "paas");
                cluster.Put(Job("fail", ["sh", "-c", "echo no >&2; exit 4"]), "paas");
                cluster.Put(Job("slow", ["sleep", "600"], deadline: 5), "paas");
                await Wait.UntilAsync(() => TranscriptTests.Condition(api, "roll", "ok", "Complete", "jobs") is not null
                    && TranscriptTests.Condition(api, "roll", "fail", "Failed", "jobs") is not null && TranscriptTests.Condition(api, "roll", "slow", "Failed", "jobs") is not null);
            },
            ["160-eviction-blocked-429"] = () => TranscriptTests.Set(() =>
            {
                var budget = TranscriptTests.Thing("policy/v1", "PodDisruptionBudget", "roll", "web");
                budget["spec"] = new JsonObject { ["minAvailable"] = 2, ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = "web" } } };
                cluster.Put(budget);
            }),
        };
    }

    private static PodScript ScriptOf(JsonObject pod)
    {
        var labels = pod["metadata"]!["labels"] as JsonObject ?? [];
        return ((string?)labels["app"] ?? (string?)labels["job-name"]) switch
        {
            "web" => new() { Prints = ["webapp v1 starting on 8080", .. ((string[])["32828", "59960", "59966"]).SelectMany(port => (string[])[$"[::ffff:10.244.0.1]:{port}: url:/", $"[::ffff:10.244.0.1]:{port}: response:200"])] },
            "stuck" when pod.ToJsonString().Contains("nosuch", StringComparison.Ordinal) => PodScript.CantPull(
                "rpc error: code = NotFound desc = failed to pull and unpack image \"127.0.0.1:5000/nosuch:v9\": failed to resolve image: 127.0.0.1:5000/nosuch:v9: not found"),
            "noroute" => PodScript.CantPull("failed to pull and unpack image \"registry.unreachable.test/app:v1\": failed to resolve image: failed to do request: Head "
                + "\"https://registry.unreachable.test/v2/app/manifests/v1\": dial tcp: lookup registry.unreachable.test on 10.255.255.53:53: no such host") with
            { StaysAtError = true },
            "crash" => PodScript.Crashes(3, "starting", "boom") with { BackOff = TimeSpan.FromSeconds(1.5), ShowsBackOff = true },
            "unready" => PodScript.FailsProbe("HTTP probe failed with statuscode: 404"),
            "quota" => PodScript.NeverReady(),
            "huge" => new() { Unschedulable = "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling." },
            "oom" => PodScript.OutOfMemory() with { BackOff = TimeSpan.FromSeconds(1) },
            "badcmd" => new()
            {
                StartError = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/no/such/binary\": stat /no/such/binary: no such file or directory",
            },
            "fail" => PodScript.Ends(4),
            "slow" => new() { EndsAfter = TimeSpan.FromHours(1) },
            _ => PodScript.Works,
        };
    }

    private static JsonObject Deployment(string name, string image, int replicas, int deadline = 60, bool isWeb = true, string pull = "IfNotPresent", Action<JsonObject>? change = null)
    {
        var container = new JsonObject { ["name"] = "app", ["image"] = image, ["imagePullPolicy"] = pull };
        if (isWeb)
        {
            container["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["containerPort"] = 8080 });
            container["readinessProbe"] = new JsonObject { ["httpGet"] = new JsonObject { ["path"] = "/", ["port"] = 8080 }, ["periodSeconds"] = 1, ["failureThreshold"] = 2 };
        }

        change?.Invoke(container);
        var thing = TranscriptTests.Thing("apps/v1", "Deployment", "roll", name);
        thing["metadata"]!["labels"] = new JsonObject { ["app"] = name };
        thing["spec"] = new JsonObject
        {
            ["replicas"] = replicas,
            ["progressDeadlineSeconds"] = deadline,
            ["minReadySeconds"] = 0,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } },
            ["strategy"] = new JsonObject { ["type"] = "RollingUpdate", ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = 0, ["maxSurge"] = 1 } },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = name } },
                ["spec"] = new JsonObject { ["automountServiceAccountToken"] = false, ["terminationGracePeriodSeconds"] = 1, ["containers"] = new JsonArray(container) },
            },
        };
        return thing;
    }

    private static JsonObject Job(string name, string[] command, int? deadline = null)
    {
        var thing = TranscriptTests.Thing("batch/v1", "Job", "roll", name);
        thing["spec"] = new JsonObject
        {
            ["backoffLimit"] = 1,
            ["template"] = new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["restartPolicy"] = "Never",
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "job", ["image"] = Busybox, ["command"] = new JsonArray([.. command.Select(word => (JsonNode)word)]) }),
                },
            },
        };
        if (deadline is not null)
            thing["spec"]!["activeDeadlineSeconds"] = deadline;
        return thing;
    }

    private static JsonObject Resources(string kind, params (string Name, string Value)[] values) =>
        new() { [kind] = new JsonObject(values.Select(value => KeyValuePair.Create(value.Name, (JsonNode?)value.Value))) };

    private static bool Shows(KubernetesApi api, string name, string field) => api.Cluster.Find("deployments", "roll", name)?["status"]?[field] is not null;

    private static bool Told(KubernetesApi api, string app, string words) => api.Cluster.All("events", "roll")
        .Any(said => $"{said["involvedObject"]!["name"]}".StartsWith($"{app}-", StringComparison.Ordinal) && $"{said["message"]}".StartsWith(words, StringComparison.Ordinal));

    private static int Restarts(KubernetesApi api, string app) => (int?)Container(api, app)?["restartCount"] ?? 0;

    private static bool State(KubernetesApi api, string app, string state) => Container(api, app)?["state"]?[state] is not null;

    private static JsonNode? Container(KubernetesApi api, string app) =>
        (api.Cluster.All("pods", "roll").FirstOrDefault(pod => (string?)pod["metadata"]!["labels"]?["app"] == app)?["status"]?["containerStatuses"] as JsonArray)?[0];
}
