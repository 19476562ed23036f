using System.Globalization;
using Paas.Kubernetes.Access;

namespace Paas.Kubernetes.Tests.Access;

public sealed class InClusterTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    [Fact]
    public async Task The_service_account_of_the_pod_lets_in_and_its_token_is_read_again_when_it_has_expired()
    {
        cluster.Api.Allow("pod-1", "system:serviceaccount:paas:deployer");
        var folder = Folder("pod-1");
        using var client = Open(folder);
        (await client.VersionAsync(_cancellation)).Minor.ShouldBe("36");
        client.Namespace.ShouldBe("paas");

        cluster.Api.Expire("pod-1");
        cluster.Api.Allow("pod-2", "system:serviceaccount:paas:deployer");
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), "pod-2", _cancellation);

        (await client.VersionAsync(_cancellation)).Minor.ShouldBe("36");
    }

    [Fact]
    public async Task A_token_that_is_renewed_in_time_is_used_before_the_old_one_expires()
    {
        cluster.Api.Allow("early-1", "one");
        cluster.Api.Allow("early-2", "two");
        var folder = Folder("early-1");
        var clock = new MovableClock();
        using var client = Open(folder, clock);
        await client.VersionAsync(_cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), "early-2", _cancellation);

        clock.Passed += TimeSpan.FromMinutes(2);
        await client.VersionAsync(_cancellation);

        cluster.Api.Requests.Last().User.ShouldBe("two");
    }

    [Fact]
    public void Outside_of_a_pod_what_to_set_is_told() =>
        Should.Throw<KubernetesAccessException>(() => InCluster.Open("/nowhere", null, null, TimeProvider.System)).Message
            .ShouldBe("This does not run in a pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set. Set Kubernetes__Kubeconfig to a kubeconfig file.");

    [Theory]
    [InlineData("10.0.0.1", "x")]
    [InlineData("10.0.0.1", "70000")]
    [InlineData("a b", "443")]
    public void An_address_that_is_none_is_told(string host, string port) =>
        Should.Throw<KubernetesAccessException>(() => InCluster.Open("/nowhere", host, port, TimeProvider.System)).Message
            .ShouldBe($"KUBERNETES_SERVICE_HOST is '{host}' and KUBERNETES_SERVICE_PORT is '{port}', and that is no address of an API server. Kubernetes sets both in every pod; see what has changed them.");

    [Fact]
    public void An_address_of_version_6_is_one() =>
        InCluster.Open("/nowhere", "fd00::1", "6443", TimeProvider.System).Server.ShouldBe(new Uri("https://[fd00::1]:6443/"));

    [Fact]
    public async Task A_pod_without_a_token_is_told()
    {
        using var client = Open("/nowhere");

        (await Should.ThrowAsync<KubernetesAccessException>(() => client.VersionAsync(_cancellation)))
            .Message.ShouldBe("There is no file /nowhere/token; it should hold the token. Correct the path, or put the file there.");
    }

    private KubernetesClient Open(string folder, TimeProvider? clock = null) => new(
        InCluster.Open(folder, "127.0.0.1", cluster.Api.Port.ToString(CultureInfo.InvariantCulture), clock ?? TimeProvider.System),
        new KubernetesOptions(), clock ?? TimeProvider.System);

    private string Folder(string token)
    {
        var folder = Path.GetDirectoryName(cluster.Write("token", token))!;
        File.WriteAllText(Path.Combine(folder, "ca.crt"), cluster.Api.Certificates.AuthorityPem);
        File.WriteAllText(Path.Combine(folder, "namespace"), "paas\n");
        return folder;
    }

    private sealed class MovableClock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long GetTimestamp() => System.GetTimestamp() + (long)(Passed.TotalSeconds * TimestampFrequency);
    }
}
