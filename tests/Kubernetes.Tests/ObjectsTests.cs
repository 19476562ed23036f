using System.Text.Json.Nodes;

namespace Paas.Kubernetes.Tests;

public sealed class ObjectsTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    [Fact]
    public async Task An_object_is_made_by_the_first_apply_and_the_same_again_changes_nothing()
    {
        using var client = cluster.Open();
        var first = await client.ApplyAsync(TestCluster.ConfigMap("same", ("a", "1")), _cancellation);
        var second = await client.ApplyAsync(TestCluster.ConfigMap("same", ("a", "1")), _cancellation);

        first.WasCreated.ShouldBeTrue();
        second.WasCreated.ShouldBeFalse();
        second.Thing.ResourceVersion.ShouldBe(first.Thing.ResourceVersion);
        second.Thing.Uid.ShouldBe(first.Thing.Uid);
    }

    [Fact]
    public async Task What_an_apply_leaves_out_is_removed_and_what_others_have_set_stays()
    {
        using var client = cluster.Open();
        await client.ApplyAsync(TestCluster.ConfigMap("shared", ("mine", "1"), ("old", "1")), _cancellation);
        cluster.Api.Cluster.Put(TestCluster.ConfigMap("shared", ("theirs", "1")).Json, "somebody");

        var applied = await client.ApplyAsync(TestCluster.ConfigMap("shared", ("mine", "2")), _cancellation);

        applied.Thing.Read<Dictionary<string, string>>("data")!.ShouldBe(new Dictionary<string, string> { ["mine"] = "2", ["theirs"] = "1" }, ignoreOrder: true);
    }

    [Fact]
    public async Task Text_that_looks_like_something_else_stays_text()
    {
        using var client = cluster.Open();
        var applied = await client.ApplyAsync(TestCluster.ConfigMap("yaml", ("a", "yes"), ("b", "1e3"), ("c", "line\n- one: \"two\"\u2028"), ("d", "null")), _cancellation);

        applied.Thing.Read<Dictionary<string, string>>("data")!["c"].ShouldBe("line\n- one: \"two\"\u2028");
        applied.Thing.Read<Dictionary<string, string>>("data")!["a"].ShouldBe("yes");
    }

    [Fact]
    public async Task A_dry_run_checks_and_changes_nothing()
    {
        using var client = cluster.Open();
        (await client.ApplyAsync(TestCluster.ConfigMap("dry", ("a", "1")), _cancellation, dryRun: true)).WasCreated.ShouldBeTrue();

        (await client.FindAsync(KubernetesResource.ConfigMaps, "demo", "dry", _cancellation)).ShouldBeNull();
    }

    [Fact]
    public async Task An_object_that_is_not_there_is_null_also_in_a_namespace_that_is_not_there()
    {
        using var client = cluster.Open();
        (await client.FindAsync(KubernetesResource.ConfigMaps, "demo", "nothing", _cancellation)).ShouldBeNull();
        (await client.FindAsync(KubernetesResource.ConfigMaps, "nowhere", "nothing", _cancellation)).ShouldBeNull();
        (await client.FindAsync(KubernetesResource.Namespaces, null, "demo", _cancellation))!.Name.ShouldBe("demo");
    }

    [Fact]
    public async Task Removing_tells_whether_there_was_something_whatever_the_answer_is()
    {
        using var client = cluster.Open();
        cluster.Api.Cluster.Put(TestCluster.ConfigMap("gone").Json);
        cluster.Api.Cluster.Put(TestCluster.Thing("v1", "Namespace", null, "ending").Json);

        (await client.DeleteAsync(KubernetesResource.ConfigMaps, "demo", "gone", _cancellation)).ShouldBeTrue();
        (await client.DeleteAsync(KubernetesResource.ConfigMaps, "demo", "gone", _cancellation)).ShouldBeFalse();
        (await client.DeleteAsync(KubernetesResource.Namespaces, null, "ending", _cancellation)).ShouldBeTrue();
        await Wait.UntilAsync(() => cluster.Api.Cluster.Find("namespaces", null, "ending") is null);
    }

    [Fact]
    public async Task An_object_made_anew_under_the_same_name_is_not_removed_in_place_of_the_old_one()
    {
        using var client = cluster.Open();
        var old = (await client.ApplyAsync(TestCluster.ConfigMap("twice"), _cancellation)).Thing;
        await client.DeleteAsync(KubernetesResource.ConfigMaps, "demo", "twice", _cancellation);
        var other = (await client.ApplyAsync(TestCluster.ConfigMap("twice"), _cancellation)).Thing;

        var refused = await Should.ThrowAsync<KubernetesException>(() => client.DeleteAsync(KubernetesResource.ConfigMaps, "demo", "twice", _cancellation, new() { Uid = old.Uid }));

        refused.Problem.ShouldBe(KubernetesProblem.StaleObject);
        (await client.FindAsync(KubernetesResource.ConfigMaps, "demo", "twice", _cancellation))!.Uid.ShouldBe(other.Uid);
    }

    [Fact]
    public async Task All_of_some_labels_are_removed_and_no_others()
    {
        using var client = cluster.Open();
        foreach (var (name, app) in ((string, string)[])[("l1", "shop"), ("l2", "shop"), ("l3", "other")])
        {
            var thing = TestCluster.ConfigMap(name);
            thing.Json["metadata"]!["labels"] = new JsonObject { ["app"] = app };
            await client.ApplyAsync(thing, _cancellation);
        }

        await client.DeleteAllAsync(KubernetesResource.ConfigMaps, "demo", "app=shop", _cancellation);

        var left = await client.ListAsync(KubernetesResource.ConfigMaps, "demo", _cancellation, labels: "app in (shop, other)");
        left.Items.Select(item => item.Name).ShouldBe(["l3"]);
        await Should.ThrowAsync<ArgumentException>(() => client.DeleteAllAsync(KubernetesResource.ConfigMaps, "demo", " ", _cancellation));
    }

    [Fact]
    public async Task A_rollout_is_scaled_and_its_pods_follow()
    {
        using var client = cluster.Open();
        await client.ApplyAsync(TestCluster.Deployment("scaled", "app:1", 1), _cancellation);

        await client.ScaleAsync(KubernetesResource.Deployments, "demo", "scaled", 3, _cancellation);

        await Wait.UntilAsync(() => cluster.Api.Cluster.Find("deployments", "demo", "scaled")!["status"]!["availableReplicas"]?.GetValue<int>() == 3);
        (await client.ListAsync(KubernetesResource.Pods, "demo", _cancellation, labels: "app=scaled")).Items.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_and_null_removes()
    {
        using var client = cluster.Open();
        await client.ApplyAsync(TestCluster.ConfigMap("patched", ("a", "1"), ("b", "1")), _cancellation);

        var patched = await client.PatchAsync(
            KubernetesResource.ConfigMaps, "demo", "patched", new JsonObject { ["data"] = new JsonObject { ["a"] = null, ["c"] = "1" } }, _cancellation);

        patched.Read<Dictionary<string, string>>("data")!.Keys.ShouldBe(["b", "c"], ignoreOrder: true);
    }

    [Fact]
    public async Task What_the_server_remarks_is_told()
    {
        using var client = cluster.Open();
        var strict = TestCluster.Thing("v1", "Namespace", null, "strict");
        strict.Json["metadata"]!["labels"] = new JsonObject { ["pod-security.kubernetes.io/warn"] = "restricted" };
        await client.ApplyAsync(strict, _cancellation);
        var thing = TestCluster.Deployment("web", "app:1", 1);
        thing.Json["metadata"]!["namespace"] = "strict";

        var applied = await client.ApplyAsync(thing, _cancellation);

        applied.Warnings.ShouldHaveSingleItem().ShouldStartWith("would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"app\"");
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    public async Task A_name_that_would_be_another_path_is_not_sent(string name)
    {
        using var client = cluster.Open();
        var before = cluster.Api.Requests.Count;
        await Should.ThrowAsync<ArgumentException>(() => client.FindAsync(KubernetesResource.ConfigMaps, "demo", name, _cancellation));
        await Should.ThrowAsync<ArgumentException>(() => client.DeleteAsync(KubernetesResource.ConfigMaps, name, "a", _cancellation));

        cluster.Api.Requests.Count.ShouldBe(before);
    }

    [Fact]
    public async Task A_name_with_slashes_stays_one_name()
    {
        using var client = cluster.Open();
        (await client.FindAsync(KubernetesResource.ConfigMaps, "demo", "../../secrets/web?x=1#", _cancellation)).ShouldBeNull();

        cluster.Api.Requests.ShouldContain(request => request.Path.StartsWith("/api/v1/namespaces/demo/configmaps/..%2F..%2Fsecrets%2Fweb"));
    }

    [Fact]
    public async Task A_server_tells_its_version()
    {
        using var client = cluster.Open();
        var version = await client.VersionAsync(_cancellation);

        version.ShouldBe(new KubernetesVersion("v1.36.2", "1", "36"));
        client.Namespace.ShouldBe("demo");
    }
}
