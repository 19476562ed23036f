using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Tests.Local;

/// <summary>No instances, and a release that is deployed again while it serves.</summary>
public sealed class ScaleTests
{
    [Fact]
    public async Task Scaled_to_zero_nothing_runs_and_scaled_up_it_serves_again()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        var first = (await platform.AskAsync()).GetProperty("instance").GetString()!;

        var zero = await platform.WebAsync(2, TestApp.Python(scale: 0));
        await platform.DeployAsync(zero);

        TestPlatform.IsAlive(first).ShouldBeFalse();
        (platform.Router.RouteOf(platform.App)!.Release, platform.Router.RouteOf(platform.App)!.Instances.Count).ShouldBe((2, 0));
        (await platform.FailAsync(await platform.WebAsync(1))).Reason.ShouldBe(FailureReason.ReleaseOutdated);
        await platform.DeployAsync(await platform.WebAsync(3, TestApp.Python(scale: 2)));
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v3");
    }

    [Fact]
    public async Task A_release_without_instances_that_was_restored_runs_at_once()
    {
        var folder = Directory.CreateTempSubdirectory("paas-scale-").FullName;
        try
        {
            var app = Guid.NewGuid();
            DeployRelease command;
            await using (var before = await TestPlatform.StartAsync(folder, app))
            {
                command = await before.WebAsync(2, TestApp.Python(scale: 0, timeout: 300));
                await before.DeployAsync(command);
            }

            await using var platform = await TestPlatform.StartAsync(folder, app);
            await TestPlatform.UntilAsync(() => platform.Router.RouteOf(app)?.Release == 2, "it was restored");
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await platform.DeployAsync(command, limit.Token);

            platform.Log.Text.ShouldContain("Release v2 runs already");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Another_deployment_of_the_release_that_serves_changes_no_instance()
    {
        await using var platform = await TestPlatform.StartAsync();
        var command = await platform.WebAsync(1);
        await platform.DeployAsync(command);
        var pid = (await platform.AskAsync()).GetProperty("instance").GetString()!;

        await platform.DeployAsync(command with { DeploymentId = Guid.NewGuid() });

        (await platform.AskAsync()).GetProperty("instance").GetString()!.ShouldBe(pid);
        platform.Log.Text.ShouldContain("Release v1 runs already");
        platform.Router.Switches.Count.ShouldBe(1);
    }
}
