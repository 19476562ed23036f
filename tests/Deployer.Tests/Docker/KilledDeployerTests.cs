using Paas.Contracts;
using Paas.Deployer.Tests.Crashes;
using Paas.Deployer.Tests.Support;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>The deployer is killed with SIGKILL in the middle of a deployment; then it starts again and the command comes again.</summary>
public sealed class KilledDeployerTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Theory]
    [InlineData("Preparing release", 1)]
    [InlineData("migrating", 1)]
    [InlineData("Starting release", 1)]
    [InlineData("web.1 is healthy", 1)]
    [InlineData(CrashingPlatform.AtLastQuestion, 1)]
    [InlineData("Switching to release", 1)]
    [InlineData(CrashingPlatform.AtSwitch, 2)]
    [InlineData("has taken over", 2)]
    public async Task Killed_at_a_point_of_a_deployment_it_comes_back_and_completes_it(string point, int serves)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        try
        {
            var app = Guid.NewGuid();
            var first = await StartAsync(engine, folder, app);
            await first.DeployAsync(1, Plan(Web()));
            var next = first.Release(2, Plan(Web()) with { Release = TestApp.Command("sh", "-c", "echo migrating; sleep 1; echo migrated") });
            await first.Platform.DisposeAsync();

            await KilledPlatformTests.KillAtAsync(folder, point, next, engine.Endpoint);

            await using var platform = await StartAsync(engine, folder, app);
            await TestPlatform.UntilAsync(() => platform.Router.RouteOf(app)?.Instances.Count == 1, "the app is back", Patience);
            (await platform.AskAsync()).ShouldBe($"v{serves}");
            await platform.DeployAsync(next);
            (await platform.AskAsync()).ShouldBe("v2");
            (await platform.ContainersAsync()).ShouldBe(["paas-shop-v2-release-1", "paas-shop-v2-web-1"]);
            // Even when the deployer was killed while it ran, the release command has run once.
            (await engine.DockerAsync("logs", "paas-shop-v2-release-1")).Trim().ShouldBe("migrating\nmigrated");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(CrashingPlatform.AtLastQuestion)]
    [InlineData(CrashingPlatform.AtSwitch)]
    public async Task Killed_while_it_scaled_to_zero_it_ends_the_old_instances_when_the_command_comes_again(string point)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        try
        {
            var app = Guid.NewGuid();
            var first = await StartAsync(engine, folder, app);
            await first.DeployAsync(1, Plan(Web()));
            var zero = first.Release(2, Plan(Web(scale: 0)));
            await first.Platform.DisposeAsync();

            await KilledPlatformTests.KillAtAsync(folder, point, zero, engine.Endpoint);

            await using var platform = await StartAsync(engine, folder, app);
            (await platform.ContainersAsync()).ShouldBe(["paas-shop-v1-web-1"]);
            await platform.DeployAsync(zero);
            (await platform.ContainersAsync()).ShouldBeEmpty();
            (platform.Router.RouteOf(app)!.Release, platform.Router.RouteOf(app)!.Instances.Count).ShouldBe((2, 0));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
