using System.Globalization;
using Paas.Contracts;
using Paas.Deployer.Targets.Docker;
using Paas.Deployer.Tests.Support;
using Paas.Docker;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>Containers that only say they are an app's, as the steps of another app's Dockerfile may, on a real engine.</summary>
public sealed class ForgedContainerTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Fact]
    public async Task The_container_of_a_build_passes_neither_for_an_instance_nor_for_a_run()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web()));
        var ids = new List<string>();
        foreach (var labels in new string[][] { Labels(platform, 1), Labels(platform, 9), [.. Labels(platform, null), "io.paas.run=" + Guid.NewGuid(), "io.paas.run-limit=1"] })
            ids.Add((await engine.DockerAsync(["run", "-d", .. labels.SelectMany(label => new[] { "--label", label }), "busybox:latest", "sleep", "1000"])).Trim());

        await platform.DeployAsync(2, Plan(Web()));

        (await platform.AskAsync()).ShouldBe("v2");
        foreach (var id in ids)
        {
            var container = await platform.InspectAsync(id);
            container.GetProperty("State").GetProperty("Running").GetBoolean().ShouldBeTrue();
            container.GetProperty("HostConfig").GetProperty("RestartPolicy").GetProperty("Name").GetString().ShouldBe("no");
        }

        await platform.RemoveAsync();
        foreach (var id in ids)
        {
            (await platform.InspectAsync(id)).GetProperty("State").GetProperty("Running").GetBoolean().ShouldBeTrue();
            await engine.DockerAsync("rm", "-f", id);
        }
    }

    [Fact]
    public async Task Two_apps_whose_names_and_processes_run_together_have_containers_of_their_own()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var one = await StartAsync(engine);
        await using var other = await StartAsync(engine, null, Guid.NewGuid());
        DeployRelease Of(DockerPlatform platform, string app, params ProcessType[] processes) => platform.Release(1, Plan(processes)) with { App = app, AppId = platform.App };

        await one.DeployAsync(Of(one, "e1", Web(), Process("x-v1-web", "exec sleep 1000")));
        await other.DeployAsync(Of(other, "e1-v1-x", Web()));

        (await one.ContainersAsync()).ShouldBe(["paas-e1-v1-web-1", "paas-e1.v1.x-v1-web.1"]);
        (await other.ContainersAsync()).ShouldBe(["paas-e1-v1-x.v1.web.1"]);
    }

    [Fact]
    public void Names_of_instances_are_told_from_those_of_all_other_apps_and_those_of_before_are_known()
    {
        AppContainers.NameOf("shop", 12, "web", 3).ShouldBe("paas-shop-v12-web-3");
        AppContainers.NameOf("e1", 1, "x-v1-web", 1).ShouldNotBe(AppContainers.NameOf("e1-v1-x", 1, "web", 1));
        var labels = new Dictionary<string, string> { [ImageLabels.AppName] = "e1", [ImageLabels.Release] = "1", [ImageLabels.Process] = "x-v1-web" };
        AppContainers.IsInstance("/paas-e1-v1-x-v1-web-1", labels).ShouldBeTrue("it is of before");
        AppContainers.IsInstance("/paas-e1.v1.x-v1-web.1", labels).ShouldBeTrue();
        AppContainers.IsInstance("/paas-e1-v1-web-1", labels).ShouldBeFalse();
        AppContainers.IsInstance("/clever_bell", labels).ShouldBeFalse();
    }

    [Fact]
    public async Task A_container_that_writes_too_much_is_stopped_and_its_log_says_so()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:AppDisk", "8"), ("Deployer:DiskInterval", "00:00:00.2"));
        await platform.DeployAsync(1, Plan(Web(), Process("worker", "while [ ! -e /tmp/go ]; do sleep 0.1; done; dd if=/dev/zero of=/big bs=1M count=32; exec sleep 1000")));

        await engine.DockerAsync("exec", "paas-shop-v1-worker-1", "touch", "/tmp/go");

        await TestPlatform.UntilAsync(() => !platform.InspectAsync("paas-shop-v1-worker-1").Result.GetProperty("State").GetProperty("Running").GetBoolean(), "it is stopped");
        (await engine.LogAsync("paas-shop-v1-worker-1")).ShouldContain("MiB into its own file system, and 8 MiB are allowed (Deployer__AppDisk): it is stopped.");
        (await platform.AskAsync()).ShouldBe("v1");
    }

    private static string[] Labels(DockerPlatform platform, int? release) =>
    [
        $"io.paas.app={platform.App}", "io.paas.app-name=shop",
        .. release is { } number ? new[] { "io.paas.release=" + number.ToString(CultureInfo.InvariantCulture), "io.paas.process=web" } : [],
    ];
}
