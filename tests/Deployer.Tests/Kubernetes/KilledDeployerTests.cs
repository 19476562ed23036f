using Paas.Deployer.Tests.Crashes;
using Paas.Deployer.Tests.Support;
using Paas.Servers.Kubernetes;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>The deployer is killed with SIGKILL in the middle of a deployment; then another one gets the same command.</summary>
public sealed class KilledDeployerTests
{
    [Theory]
    [InlineData("Preparing release")]
    [InlineData("Running the release command")]
    [InlineData("migrated")]
    [InlineData("Starting release")]
    [InlineData("web: 0 of 1 new instances ready")]
    [InlineData("web: 1 of 2 new instances ready")]
    [InlineData("worker: 1 instance runs")]
    [InlineData("has taken over")]
    public async Task Killed_at_a_point_of_a_deployment_another_one_completes_it(string point)
    {
        var folder = Directory.CreateTempSubdirectory("paas-killed-").FullName;
        try
        {
            await using var platform = await StartAsync();
            // Instances take their time, so that none of what is told of them on the way is passed over.
            platform.Api.Cluster.ScriptFor = pod => (string?)pod["metadata"]?["labels"]?[Targets.Kubernetes.AppNamespace.Component] switch
            {
                "release" => PodScript.Ends(0, "migrated"),
                "web" => PodScript.Works with { ReadyAfter = TimeSpan.FromSeconds(1) },
                _ => null,
            };
            await platform.DeployAsync(1, Plan(Web(), Worker(2)));
            var next = platform.Release(2, Plan(Web(2), Worker()) with { Release = TestApp.Command("migrate") });

            await KilledPlatformTests.KillAtAsync(folder, point, next, platform.Kubeconfig);
            var job = (string?)platform.Find("jobs", "release-v2")?["metadata"]?["uid"];
            var rollout = (string?)platform.Find("deployments", "web")?["metadata"]?["uid"];
            await platform.Platform.DeployAsync(next);

            platform.RunningImages("web").ShouldBe([Image(2), Image(2)]);
            platform.RunningImages("worker").ShouldBe([Image(2)]);
            platform.StateOf(2).ShouldBe("live");
            ((string?)platform.Find("deployments", "web")!["metadata"]!["uid"]).ShouldBe(rollout);
            platform.Find("deployments", "web")!["metadata"]!["generation"]!.ToString().ShouldBe("3", "its image is changed once, and its scale once");
            if (job is not null)
                ((string?)platform.Find("jobs", "release-v2")!["metadata"]!["uid"]).ShouldBe(job);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
