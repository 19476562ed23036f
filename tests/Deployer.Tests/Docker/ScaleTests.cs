using Paas.Contracts;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>More, fewer and no instances, and a release that is deployed again while it serves.</summary>
public sealed class ScaleTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Fact]
    public async Task Scaled_to_zero_nothing_runs_and_scaled_up_it_serves_again()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web()));

        await platform.DeployAsync(2, Plan(Web(scale: 0)));
        (await platform.ContainersAsync()).ShouldBeEmpty();
        (platform.Router.RouteOf(platform.App)!.Release, platform.Router.RouteOf(platform.App)!.Instances.Count).ShouldBe((2, 0));
        // Once more, as after a crash.
        await platform.DeployAsync(2, Plan(Web(scale: 0)));
        // The engine knows nothing of it any more, the router does.
        (await platform.FailAsync(1, Plan(Web()))).Reason.ShouldBe(FailureReason.ReleaseOutdated);
        (await platform.ContainersAsync()).ShouldBeEmpty();

        await platform.DeployAsync(3, Plan(Web(scale: 2)));
        (await platform.AskAsync()).ShouldBe("v3");
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v3-web-1", "paas-shop-v3-web-2"]);
    }

    [Fact]
    public async Task The_release_that_serves_keeps_its_instances_and_gets_back_those_that_are_missing()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var run = Plan(Web(scale: 2), Process("worker", "exec sleep 1000"));
        await platform.DeployAsync(1, run);
        var before = await IdsAsync(platform);
        await engine.DockerAsync("rm", "-f", "paas-shop-v1-web-2", "paas-shop-v1-worker-1");

        // Another deployment, the same release: nothing of it has changed.
        await platform.DeployAsync(1, run);

        var after = await IdsAsync(platform);
        after.Keys.ShouldBe(before.Keys, ignoreOrder: true);
        after["paas-shop-v1-web-1"].ShouldBe(before["paas-shop-v1-web-1"]);
        after["paas-shop-v1-web-2"].ShouldNotBe(before["paas-shop-v1-web-2"]);
        platform.Log.ShouldContain("Release v1 runs already");
        platform.Router.RouteOf(platform.App)!.Instances.Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task What_runs_for_long_need_not_prove_that_it_stays_up()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:StaysUpFor", "00:00:02"));
        var run = Plan(Process("worker", "exec sleep 1000"));
        await platform.DeployAsync(1, run);

        var started = TimeProvider.System.GetTimestamp();
        await platform.DeployAsync(1, run);

        TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }

    private static async Task<Dictionary<string, string>> IdsAsync(DockerPlatform platform)
    {
        var ids = new Dictionary<string, string>();
        foreach (var name in await platform.ContainersAsync())
            ids[name] = (await platform.InspectAsync(name)).GetProperty("Id").GetString()!;
        return ids;
    }
}
