using System.Text.Json.Nodes;

namespace Paas.Kubernetes.Tests;

public sealed class ListTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private const string Paged = "list=paged";
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    [Fact]
    public async Task A_long_list_comes_page_by_page_with_all_its_objects()
    {
        Fill(7);
        using var client = Open(pageSize: 3);

        var list = await client.ListAsync(KubernetesResource.ConfigMaps, "demo", _cancellation, labels: Paged);

        list.Items.Select(item => item.Name).ShouldBe(Enumerable.Range(0, 7).Select(number => $"page{number}"));
        list.Items.ShouldAllBe(item => item.Kind == "ConfigMap" && item.ApiVersion == "v1");
        list.ResourceVersion.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_list_that_is_forgotten_between_two_pages_is_begun_anew()
    {
        Fill(5);
        using var client = Open(pageSize: 2);
        var gone = cluster.Api.Requests.Count;
        cluster.Api.FailNext(1, 410, ErrorsTests.Status(410, "Expired", "The provided continue parameter is too old"), where: (_, path) => path.Contains("continue="));

        var list = await client.ListAsync(KubernetesResource.ConfigMaps, "demo", _cancellation, labels: Paged);

        list.Items.Select(item => item.Name).Distinct().Count().ShouldBe(list.Items.Count);
        list.Items.Count.ShouldBeGreaterThanOrEqualTo(5);
        cluster.Api.Requests.Skip(gone).Count(request => request.Path.Contains("limit=2") && !request.Path.Contains("continue=")).ShouldBe(2);
    }

    [Fact]
    public async Task A_server_that_always_forgets_is_not_asked_for_ever()
    {
        Fill(5);
        using var client = Open(pageSize: 2);
        cluster.Api.FailNext(4, 410, ErrorsTests.Status(410, "Expired", "too old"), where: (_, path) => path.Contains("continue="));

        var away = await Should.ThrowAsync<KubernetesUnreachableException>(() => client.ListAsync(KubernetesResource.ConfigMaps, "demo", _cancellation, labels: Paged));

        away.Message.ShouldBe($"Asked to list configmaps of the namespace demo, the Kubernetes API at {cluster.Api.Url} forgot the list before it was complete, several times.");
    }

    [Fact]
    public async Task More_objects_than_can_be_meant_are_not_read()
    {
        Fill(7);
        using var client = Open(pageSize: 2, maxObjects: 4);

        (await Should.ThrowAsync<KubernetesUnreachableException>(() => client.ListAsync(KubernetesResource.ConfigMaps, "demo", _cancellation, labels: Paged)))
            .Message.ShouldEndWith("sent more than 4 objects.");
    }

    [Fact]
    public async Task A_server_that_does_not_know_the_version_yet_is_asked_again()
    {
        Fill(1);
        using var client = Open();
        cluster.Api.FailNext(1, 504, ErrorsTests.Status(504, "Timeout", "Timeout: Too large resource version: 9, current: 8"), retryAfter: "1");

        (await client.ListAsync(KubernetesResource.ConfigMaps, "demo", _cancellation, labels: "list=paged")).Items.ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("{\"kind\":\"ConfigMapList\",\"items\":[]}")]
    [InlineData("{\"metadata\":{},\"items\":{}}")]
    public async Task What_is_no_list_is_told_so(string answer)
    {
        using var client = Open();
        cluster.Api.FailNext(1, 200, answer);

        await Should.ThrowAsync<KubernetesUnreachableException>(() => client.ListAsync(KubernetesResource.ConfigMaps, "demo", _cancellation));
    }

    private void Fill(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var thing = TestCluster.ConfigMap($"page{i}");
            thing.Json["metadata"]!["labels"] = new JsonObject { ["list"] = "paged" };
            cluster.Api.Cluster.Put(thing.Json);
        }
    }

    private KubernetesClient Open(int pageSize = 500, int maxObjects = 20_000) =>
        new(cluster.Options(), cluster.Processes, TimeProvider.System) { PageSize = pageSize, MaxObjects = maxObjects };
}
