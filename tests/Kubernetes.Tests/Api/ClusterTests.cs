using System.Text.Json.Nodes;
using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests.Api;

/// <summary>What the controllers of the double make of what is applied, where the transcripts don't show it.</summary>
public sealed class ClusterTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly Cluster _cluster = cluster.Api.Cluster;
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    [Fact]
    public async Task A_rollout_takes_the_place_of_the_old_pods_one_by_one_and_never_has_fewer_than_asked_for()
    {
        _cluster.Script("rolling:2", new PodScript { ReadyAfter = TimeSpan.FromMilliseconds(100) });
        using var client = cluster.Open();
        await client.ApplyAsync(Rolling("rolling", "rolling:1", 3), _cancellation);
        await AvailableAsync("rolling", 3);
        var fewest = 3;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        var watching = Task.Run(
            async () =>
            {
                await foreach (var told in client.WatchAsync(KubernetesResource.Deployments, "demo", stop.Token, fields: "metadata.name=rolling"))
                    fewest = Math.Min(fewest, (int)(told.Thing.Read("status", "availableReplicas")?.GetValue<long>() ?? 0));
            }, stop.Token);

        await client.ApplyAsync(Rolling("rolling", "rolling:2", 3), _cancellation);
        await Wait.UntilAsync(() => _cluster.All("pods", "demo").Where(Of("rolling")).All(pod => Image(pod) == "rolling:2"));
        await AvailableAsync("rolling", 3);

        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => watching);
        fewest.ShouldBe(3);
        _cluster.All("replicasets", "demo").Count(Of("rolling")).ShouldBe(2);
    }

    [Fact]
    public async Task A_version_that_does_not_start_leaves_the_old_pods_and_ends_at_its_deadline()
    {
        _cluster.Script("broken:2", PodScript.CantPull("not found"));
        using var client = cluster.Open();
        await client.ApplyAsync(Rolling("broken", "broken:1", 2), _cancellation);
        await AvailableAsync("broken", 2);

        await client.ApplyAsync(Rolling("broken", "broken:2", 2, deadline: 1), _cancellation);

        await Wait.UntilAsync(() => TranscriptTests.Condition(cluster.Api, "demo", "broken", "Progressing")?["reason"]?.ToString() == "ProgressDeadlineExceeded");
        _cluster.All("pods", "demo").Where(Of("broken")).Select(Image).Order().ShouldBe(["broken:1", "broken:1", "broken:2"]);

        await client.ApplyAsync(Rolling("broken", "broken:1", 2), _cancellation);
        await Wait.UntilAsync(() => _cluster.All("pods", "demo").Where(Of("broken")).All(pod => Image(pod) == "broken:1"));
        await AvailableAsync("broken", 2);
    }

    [Fact]
    public async Task Recreate_ends_the_old_pods_before_it_starts_new_ones()
    {
        _cluster.Script("single:1", new PodScript { StopsAfter = TimeSpan.FromMilliseconds(200) });
        using var client = cluster.Open();
        KubernetesObject Single(string image)
        {
            var thing = TestCluster.Deployment("single", image, 1);
            thing.Json["spec"]!["strategy"] = new JsonObject { ["type"] = "Recreate" };
            return thing;
        }

        await client.ApplyAsync(Single("single:1"), _cancellation);
        await AvailableAsync("single", 1);
        await client.ApplyAsync(Single("single:2"), _cancellation);

        await Wait.UntilAsync(() =>
        {
            var images = _cluster.All("pods", "demo").Where(Of("single")).Select(Image).Distinct().ToList();
            images.Count.ShouldBeLessThan(2);
            return images is ["single:2"];
        });
    }

    [Fact]
    public async Task A_stateful_set_keeps_its_volumes_and_replaces_its_pods()
    {
        using var client = cluster.Open();
        KubernetesObject Database(string image)
        {
            var thing = TestCluster.Deployment("db", image, 2);
            thing.Json["kind"] = "StatefulSet";
            thing.Json["spec"]!["serviceName"] = "db";
            thing.Json["spec"]!["volumeClaimTemplates"] = new JsonArray(new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "data" },
                ["spec"] = new JsonObject { ["accessModes"] = new JsonArray("ReadWriteOnce"), ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = "1Gi" } } },
            });
            return thing;
        }

        await client.ApplyAsync(Database("db:1"), _cancellation);
        await Wait.UntilAsync(() => TranscriptTests.Ready(cluster.Api, "demo", "statefulsets", "db", 2));
        await client.ApplyAsync(Database("db:2"), _cancellation);
        await Wait.UntilAsync(() => _cluster.All("pods", "demo").Where(Of("db")).Count(pod => Image(pod) == "db:2") == 2);
        await client.DeleteAsync(KubernetesResource.StatefulSets, "demo", "db", _cancellation);
        await Wait.UntilAsync(() => !_cluster.All("pods", "demo").Any(Of("db")));

        _cluster.All("persistentvolumeclaims", "demo").Select(claim => claim["metadata"]!["name"]!.ToString()).ShouldBe(["data-db-0", "data-db-1"]);
    }

    [Fact]
    public async Task A_service_gets_addresses_ports_and_the_pods_that_are_ready()
    {
        _cluster.LoadBalancerAddress = "192.0.2.7";
        using var client = cluster.Open();
        await client.ApplyAsync(TestCluster.Deployment("front", "front:1", 2), _cancellation);
        var service = TestCluster.Thing("v1", "Service", "demo", "front");
        service.Json["spec"] = new JsonObject
        {
            ["type"] = "LoadBalancer",
            ["selector"] = new JsonObject { ["app"] = "front" },
            ["ports"] = new JsonArray(new JsonObject { ["port"] = 80, ["targetPort"] = 8080 }),
        };
        await client.ApplyAsync(service, _cancellation);

        await Wait.UntilAsync(() => _cluster.Find("services", "demo", "front")!["status"]!["loadBalancer"]!["ingress"]?[0]?["ip"]?.ToString() == "192.0.2.7");
        ((int)_cluster.Find("services", "demo", "front")!["spec"]!["ports"]![0]!["nodePort"]!).ShouldBeInRange(30000, 32767);
        await Wait.UntilAsync(() => _cluster.All("endpointslices", "demo").Any(slice => slice["metadata"]!["labels"]!["kubernetes.io/service-name"]!.ToString() == "front"
            && slice["endpoints"]!.AsArray().Count(endpoint => (bool)endpoint!["conditions"]!["ready"]!) == 2));
        _cluster.Problem.ShouldBeNull();
    }

    [Fact]
    public async Task What_owns_is_removed_with_what_it_owns()
    {
        using var client = cluster.Open();
        await client.ApplyAsync(TestCluster.Deployment("owner", "owner:1", 1), _cancellation);
        await AvailableAsync("owner", 1);

        await client.DeleteAsync(KubernetesResource.Deployments, "demo", "owner", _cancellation, new() { Propagation = "Foreground" });

        await Wait.UntilAsync(() => _cluster.Find("deployments", "demo", "owner") is null);
        _cluster.All("pods", "demo").ShouldNotContain(pod => Of("owner")(pod));
    }

    private static KubernetesObject Rolling(string name, string image, int replicas, int deadline = 60)
    {
        var thing = TestCluster.Deployment(name, image, replicas);
        thing.Json["spec"]!["progressDeadlineSeconds"] = deadline;
        thing.Json["spec"]!["strategy"] = new JsonObject { ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = 0, ["maxSurge"] = 1 } };
        thing.Json["spec"]!["template"]!["spec"]!["containers"]![0]!["readinessProbe"] = new JsonObject { ["httpGet"] = new JsonObject { ["path"] = "/", ["port"] = 8080 } };
        return thing;
    }

    private Task AvailableAsync(string name, int replicas) => Wait.UntilAsync(() => TranscriptTests.Ready(cluster.Api, "demo", "deployments", name, replicas));

    private static Func<JsonObject, bool> Of(string app) => thing => (string?)thing["metadata"]!["labels"]?["app"] == app;

    private static string Image(JsonObject pod) => pod["spec"]!["containers"]![0]!["image"]!.ToString();
}
