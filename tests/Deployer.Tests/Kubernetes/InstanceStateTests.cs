using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes;
using Paas.Deployer.Tests.Support;
using Paas.Kubernetes;
using Paas.Servers.Kubernetes;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>How instances that are pods are.</summary>
public sealed class InstanceStateTests
{
    [Fact]
    public async Task Ready_pods_are_running_with_their_last_line()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.ScriptFor = _ => new PodScript { Prints = ["listening"] };

        await platform.DeployAsync(1, Plan(Web(scale: 2), Worker()) with { Release = null });

        var instances = await platform.Platform.InstancesAsync(Target.Kubernetes);
        instances.Select(instance => instance.Process).ShouldBe(["web", "web", "worker"]);
        instances.ShouldAllBe(instance => instance.App == "shop" && instance.Release == 1 && instance.State == InstanceState.Running && instance.Restarts == 0
            && instance.LastLine == "listening" && instance.Since != null && instance.Name.StartsWith(instance.Process + "."));
    }

    [Fact]
    public async Task A_pod_whose_container_ends_again_and_again_says_how_and_is_told()
    {
        await using var platform = await StartAsync(settings: TestInstances.WatchedClosely);
        await platform.DeployAsync(1, Plan(Worker()));
        platform.Api.Cluster.ScriptFor = _ => new PodScript { EndsAfter = TimeSpan.FromSeconds(0.5), ExitCode = 5, Prints = ["no database"], BackOff = TimeSpan.FromSeconds(1) };
        foreach (var pod in platform.Names("pods").ToList())
            platform.Api.Cluster.Delete("pods", platform.Namespace, pod);

        var down = await platform.Platform.UntilInstanceAsync(
            Target.Kubernetes, instance => instance is { State: InstanceState.Restarting, Restarts: >= 1 }, "it was started again", Seconds);

        (down.Process, down.LastExitCode, down.LastLine).ShouldBe(("worker", 5, "no database"));
        var told = await platform.Platform.UntilToldAsync(AppEventKind.CrashLooping, Seconds);
        (told.AppId, told.Process, told.Release, told.ExitCode).ShouldBe((platform.App, "worker", 1, 5));
    }

    [Theory]
    [InlineData("""{"ready":true,"started":true,"restartCount":0,"state":{"running":{"startedAt":"2026-11-27T10:00:00Z"}}}""", InstanceState.Running, null)]
    [InlineData("""{"ready":false,"started":false,"restartCount":0,"state":{"running":{"startedAt":"2026-11-27T10:00:00Z"}}}""", InstanceState.Starting, null)]
    [InlineData("""{"ready":false,"started":true,"restartCount":0,"state":{"running":{"startedAt":"2026-11-27T10:00:00Z"}}}""", InstanceState.Unhealthy, null)]
    [InlineData("""{"ready":false,"restartCount":0,"state":{"waiting":{"reason":"ContainerCreating"}}}""", InstanceState.Starting, null)]
    [InlineData("""{"ready":false,"restartCount":0,"state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}}}""", InstanceState.Starting, "ImagePullBackOff: Back-off pulling image")]
    [InlineData("""{"ready":false,"restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 40s"}},"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled","finishedAt":"2026-11-27T10:00:00Z"}}}""", InstanceState.Restarting, "OOMKilled")]
    [InlineData("""{"ready":false,"restartCount":0,"state":{"terminated":{"exitCode":1,"reason":"Error","finishedAt":"2026-11-27T10:00:00Z"}}}""", InstanceState.Restarting, "Error")]
    public void States_are_read_from_a_pods_container(string container, string state, string? reason)
    {
        var pod = new KubernetesObject(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "web-5d8f-x7k2p",
                ["namespace"] = "paas-shop",
                ["creationTimestamp"] = "2026-11-27T09:59:00Z",
                ["labels"] = new JsonObject { [AppNamespace.AppIdLabel] = Guid.NewGuid().ToString(), [AppNamespace.NameLabel] = "shop", [AppNamespace.Component] = "web", [AppNamespace.Version] = "v12" },
            },
            ["status"] = new JsonObject { ["phase"] = "Running", ["containerStatuses"] = new JsonArray(JsonNode.Parse(container)) },
        });

        var instance = KubernetesInstances.Read(pod)!;

        (instance.Name, instance.Release, instance.State, instance.Reason).ShouldBe(("web.x7k2p", 12, state, reason));
        instance.Since.ShouldNotBeNull();
    }
}
