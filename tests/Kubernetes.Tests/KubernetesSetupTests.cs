using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Paas.Kubernetes.Tests;

public sealed class KubernetesSetupTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    [Fact]
    public void Without_a_kubeconfig_and_outside_of_a_pod_there_is_no_cluster() => Add([]).Found.ShouldBeFalse();

    [Fact]
    public async Task With_a_kubeconfig_there_is_a_client_of_its_cluster()
    {
        var (found, services) = Add(new() { ["Kubernetes:Kubeconfig"] = cluster.Write("kubeconfig", cluster.Api.Kubeconfig()) });
        found.ShouldBeTrue();
        await using var provider = services.AddSingleton(cluster.Processes).AddSingleton(TimeProvider.System).BuildServiceProvider();

        (await provider.GetRequiredService<KubernetesClient>().VersionAsync(TestCluster.Cancellation)).Major.ShouldBe("1");
    }

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("1.00:00:00")]
    public async Task A_limit_that_is_none_stops_the_start(string timeout)
    {
        var (_, services) = Add(new() { ["Kubernetes:Kubeconfig"] = "/x", ["Kubernetes:RequestTimeout"] = timeout });
        await using var provider = services.BuildServiceProvider();

        Should.Throw<OptionsValidationException>(() => provider.GetRequiredService<IOptions<KubernetesOptions>>().Value).Message.ShouldContain("Kubernetes__RequestTimeout is");
    }

    private static (bool Found, ServiceCollection Services) Add(Dictionary<string, string?> settings)
    {
        var services = new ServiceCollection();
        return (services.AddKubernetes(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()), services);
    }
}
