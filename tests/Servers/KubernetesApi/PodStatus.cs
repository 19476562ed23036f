using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>What shows in the status of a pod.</summary>
internal sealed class PodStatus(ApiStore store)
{
    private static readonly string[] Conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    private int _addresses;

    public void Show(Stored pod, string phase, JsonObject state, bool isReady, PodLife life, bool started) => Change(pod, status =>
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

    private static JsonObject ContainerStatus(JsonObject container, JsonObject state, bool isReady, PodLife life, bool started)
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

    public void Change(Stored pod, Action<JsonObject> change) => store.Change(pod, thing => change(thing.Ensure("status")), status: true);

    public static void Condition(JsonObject status, string type, bool isTrue, string? reason = null, string? message = null)
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

    public static JsonObject NotStarted(string why, PodLife life) => new()
    {
        ["exitCode"] = 128,
        ["reason"] = "StartError",
        ["message"] = why,
        ["startedAt"] = "1970-01-01T00:00:00Z",
        ["finishedAt"] = ApiStore.Now,
        ["containerID"] = life.ContainerId,
    };

    public static JsonObject RunningSince(PodLife life) => new() { ["running"] = new JsonObject { ["startedAt"] = life.StartedAt } };

    public static JsonObject Waiting(string reason, string? message = null)
    {
        var waiting = new JsonObject { ["reason"] = reason };
        if (message is not null)
            waiting["message"] = message;
        return new JsonObject { ["waiting"] = waiting };
    }
}
