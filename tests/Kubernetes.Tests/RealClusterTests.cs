using System.Text.Json.Nodes;
using Paas.Hosting.Processes;

namespace Paas.Kubernetes.Tests;

/// <summary>The client and a cluster that is none of the tests' making, in a namespace of its own: with <c>KUBECONFIG</c> set only.</summary>
public sealed class RealClusterTests : IAsyncLifetime
{
    private static readonly string? Kubeconfig = Environment.GetEnvironmentVariable("KUBECONFIG");
    private readonly string _namespace = $"paas-test-{Guid.NewGuid():N}"[..20];
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;
    private readonly KubernetesClient _client = new(new KubernetesOptions { Kubeconfig = Kubeconfig }, new ProcessOwner(Path.GetTempPath()), TimeProvider.System);

    public async ValueTask InitializeAsync()
    {
        if (!string.IsNullOrEmpty(Kubeconfig))
            await _client.ApplyAsync(TestCluster.Thing("v1", "Namespace", null, _namespace), _cancellation);
    }

    [Fact]
    public async Task Objects_are_applied_watched_listed_and_removed()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Kubeconfig), "KUBECONFIG names no cluster to try it on.");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        await using var watch = _client.WatchAsync(KubernetesResource.Secrets, _namespace, stop.Token, labels: "paas=test").GetAsyncEnumerator(stop.Token);
        var secret = TestCluster.Thing("v1", "Secret", _namespace, "s");
        secret.Json["metadata"]!["labels"] = new JsonObject { ["paas"] = "test" };
        secret.Json["data"] = new JsonObject { ["a"] = "MQ==", ["b"] = "Mg==" };

        var first = await _client.ApplyAsync(secret, _cancellation);
        first.WasCreated.ShouldBeTrue();
        (await _client.ApplyAsync(secret, _cancellation)).Thing.ResourceVersion.ShouldBe(first.Thing.ResourceVersion);
        (await watch.MoveNextAsync()).ShouldBeTrue();
        watch.Current.Change.ShouldBe(KubernetesChange.Added);

        secret.Json["data"]!.AsObject().Remove("b");
        (await _client.ApplyAsync(secret, _cancellation)).Thing.Read<Dictionary<string, string>>("data")!.Keys.ShouldBe(["a"]);
        (await watch.MoveNextAsync()).ShouldBeTrue();
        watch.Current.Change.ShouldBe(KubernetesChange.Modified);

        secret.Json["data"]!["a"] = "not base64!";
        (await Should.ThrowAsync<KubernetesException>(() => _client.ApplyAsync(secret, _cancellation))).Problem.ShouldBe(KubernetesProblem.Malformed);
        (await Should.ThrowAsync<KubernetesException>(() => _client.DeleteAsync(KubernetesResource.Secrets, _namespace, "s", _cancellation, new() { Uid = Guid.NewGuid().ToString() })))
            .Problem.ShouldBe(KubernetesProblem.StaleObject);

        (await _client.ListAsync(KubernetesResource.Secrets, _namespace, _cancellation, labels: "paas=test")).Items.ShouldHaveSingleItem().Uid.ShouldBe(first.Thing.Uid);
        (await _client.DeleteAsync(KubernetesResource.Secrets, _namespace, "s", _cancellation)).ShouldBeTrue();
        (await watch.MoveNextAsync()).ShouldBeTrue();
        watch.Current.Change.ShouldBe(KubernetesChange.Deleted);
        await stop.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!string.IsNullOrEmpty(Kubeconfig))
            await _client.DeleteAsync(KubernetesResource.Namespaces, null, _namespace, CancellationToken.None);
        _client.Dispose();
    }
}
