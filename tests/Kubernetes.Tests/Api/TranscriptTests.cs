using System.Text.Json.Nodes;
using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests.Api;

/// <summary>
/// The double answers as a real API server did: the same requests, in the same order, and the answers compared field by
/// field. What is left out, and why, is in <see cref="TranscriptScope"/>.
/// </summary>
public sealed class TranscriptTests
{
    [Fact]
    public async Task Objects_are_applied_changed_listed_and_refused_as_by_a_real_server()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Allow("token-of-limited", "system:serviceaccount:demo:limited", (verb, _, resource, within) => verb is "get" or "list" or "watch" && resource == "configmaps" && within == "demo");
        await ReplayAsync(api, "objects", new()
        {
            ["015-reapply-namespace"] = () => Wait.UntilAsync(() => Ready(api, "demo", "deployments", "web", 2) && Ready(api, "demo", "statefulsets", "db", 1)),
            ["078-token-request"] = () => Put(api, Thing("v1", "ServiceAccount", "demo", "limited")),
            ["090-quota-status"] = () => Wait.UntilAsync(() => (string?)api.Cluster.Find("resourcequotas", "demo", "tight")?["status"]?["used"]?["count/configmaps"] == "2"),
            ["094-list-paged-1"] = async () =>
            {
                for (var i = 0; i < 3; i++)
                {
                    var page = Thing("v1", "ConfigMap", "default", $"page{i}");
                    page["metadata"]!["labels"] = new JsonObject { ["page"] = "y" };
                    await Put(api, page);
                }
            },
            ["105-psa-deployment-replica-failure"] = () => Wait.UntilAsync(() => Condition(api, "psa", "web", "ReplicaFailure") is not null),
        });
    }

    [Fact]
    public async Task Namespaces_end_as_on_a_real_server()
    {
        await using var api = await KubernetesApi.StartAsync();
        await Put(api, Thing("v1", "Namespace", null, "doomed"));
        var held = Thing("v1", "ConfigMap", "doomed", "keep");
        held["metadata"]!["finalizers"] = new JsonArray("example.test/hold");
        api.Cluster.Put(held, "paas");
        await ReplayAsync(api, "namespaces", new()
        {
            ["173-namespace-terminating-held"] = () => Wait.UntilAsync(() => api.Cluster.All("configmaps", "doomed").Count == 1 && api.Cluster.Find("namespaces", null, "doomed")?["status"]?["conditions"] is not null),
            ["176-namespace-gone"] = () => Wait.UntilAsync(() => api.Cluster.Find("namespaces", null, "doomed") is null),
        }, replay => Set(() => replay.Marks["177-watch-namespace-deletion"] = 1));
    }

    [Fact]
    public async Task Versions_that_are_too_old_or_not_there_yet_are_refused_as_by_a_real_server()
    {
        await using var api = await KubernetesApi.StartAsync();
        await Put(api, Thing("v1", "Namespace", null, "roll"));
        for (var i = 0; i < 3; i++)
            await Put(api, Thing("v1", "ConfigMap", "roll", $"c{i}"));
        await Wait.UntilAsync(() => api.Cluster.All("serviceaccounts", "roll").Count == 1);
        // The numbers of the transcripts are those of another cluster: this one gets past them.
        var last = 0;
        while (api.Cluster.Find("configmaps", "roll", "c0")!["metadata"]!["resourceVersion"]!.GetValue<string>() is var version && int.Parse(version) < 2300)
        {
            var again = Thing("v1", "ConfigMap", "roll", "c0");
            again["data"] = new JsonObject { ["n"] = $"{last++}" };
            await Put(api, again);
        }

        for (var i = 0; i < 2; i++)
            await Put(api, Thing("v1", "Event", "roll", $"e{i}"));
        await ReplayAsync(api, "versions", [], async replay =>
        {
            await replay.BeginListAsync("api/v1/namespaces/roll/events?limit=1");
            await Put(api, Thing("v1", "Event", "roll", "e2"));
            api.ForgetHistory();
        });
    }

    [Fact]
    public async Task Rollouts_pods_and_jobs_go_as_on_a_real_cluster()
    {
        await using var api = await KubernetesApi.StartAsync();
        Dictionary<string, Func<Task>> steps = [];
        await ReplayAsync(api, "rollouts", steps, replay => Set(() =>
        {
            foreach (var (name, step) in RolloutSteps.Of(api, replay.Marks))
                steps[name] = step;
        }));
    }

    [Fact]
    public void What_is_out_of_scope_is_said_with_its_reason()
    {
        var replayed = ((string[])["objects", "namespaces", "versions", "rollouts"]).SelectMany(Transcript.Read).Select(transcript => transcript.Name[..3]).ToList();

        replayed.Intersect(TranscriptScope.LeftOut.Keys).ShouldBeEmpty();
        replayed.Concat(TranscriptScope.LeftOut.Keys).Order().ShouldBe(Enumerable.Range(1, 183).Select(number => $"{number:000}"));
    }

    internal static Task Put(KubernetesApi api, JsonObject thing)
    {
        api.Cluster.Put(thing);
        return Task.CompletedTask;
    }

    internal static Task Set(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    internal static JsonObject Thing(string apiVersion, string kind, string? within, string name)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (within is not null)
            metadata["namespace"] = within;
        return new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind, ["metadata"] = metadata };
    }

    internal static bool Ready(KubernetesApi api, string within, string plural, string name, int replicas) =>
        api.Cluster.Find(plural, within, name) is { } thing && (int?)thing["status"]?["availableReplicas"] == replicas && (int?)thing["status"]?["replicas"] == replicas
        && (int?)thing["status"]?["terminatingReplicas"] is null or 0 && (int?)thing["status"]?["observedGeneration"] == (int?)thing["metadata"]?["generation"];

    internal static JsonNode? Condition(KubernetesApi api, string within, string name, string type, string plural = "deployments") =>
        (api.Cluster.Find(plural, within, name)?["status"]?["conditions"] as JsonArray)?.FirstOrDefault(each => (string?)each!["type"] == type);

    private static async Task ReplayAsync(KubernetesApi api, string theme, Dictionary<string, Func<Task>> before, Func<Replay, Task>? begin = null)
    {
        using var replay = new Replay(api);
        if (begin is not null)
            await begin(replay);
        var differences = new List<string>();
        foreach (var transcript in Transcript.Read(theme))
        {
            if (before.TryGetValue(transcript.Name, out var prepare))
            {
                try
                {
                    await prepare();
                }
                catch (TimeoutException exception)
                {
                    throw new TimeoutException($"Before {transcript.Name}. {api.Cluster.Problem} So far: {string.Join('\n', differences)}", exception);
                }
            }

            differences.AddRange(await replay.RunAsync(transcript, path => TranscriptScope.Ignores(transcript.Name, path)));
        }

        api.Cluster.Problem?.ToString().ShouldBeNull();
        string.Join('\n', differences).ShouldBeEmpty();
    }
}
