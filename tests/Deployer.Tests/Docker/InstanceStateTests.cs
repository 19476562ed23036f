using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>How instances that are containers are, on a real engine, which starts them again by itself.</summary>
public sealed class InstanceStateTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Fact]
    public async Task A_healthy_container_is_running_with_its_last_line()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);

        await platform.DeployAsync(1, Plan(Web(before: "echo ready")) with { Release = null });

        var web = (await platform.Platform.InstancesAsync(Target.Docker)).ShouldHaveSingleItem();
        (web.App, web.Name, web.Process, web.Release, web.State, web.Restarts, web.LastExitCode, web.LastLine).ShouldBe(("shop", "web.1", "web", 1, InstanceState.Running, 0, null, "ready"));
        web.Since.ShouldNotBeNull();
    }

    [Fact]
    public async Task One_that_the_engine_starts_again_and_again_says_how_it_ended_and_is_told()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:InstanceWatch", "00:00:00.3"));
        await platform.DeployAsync(1, Plan(Process("worker", "echo no database; sleep 3; exit 5")));

        var down = await platform.Platform.UntilInstanceAsync(
            Target.Docker, instance => instance is { State: InstanceState.Restarting, Restarts: >= 1 }, "the engine has started it again", Patience);

        (down.Name, down.LastExitCode, down.LastLine).ShouldBe(("worker.1", 5, "no database"));
        down.Reason!.ShouldStartWith("worker.1 exited with code 5.");
        down.LastExitAt.ShouldNotBeNull();
        var told = await platform.Platform.UntilToldAsync(AppEventKind.CrashLooping, Patience);
        (told.AppId, told.Process, told.Release, told.ExitCode, told.LastLine).ShouldBe((platform.App, "worker", 1, 5, "no database"));
        told.Restarts.ShouldBeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public async Task One_that_was_stopped_by_hand_is_stopped()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web()));

        await engine.DockerAsync("stop", "-t", "1", (await platform.ContainersAsync()).Single(name => name.EndsWith("web-1", StringComparison.Ordinal)));

        await platform.Platform.UntilInstanceAsync(Target.Docker, instance => instance.State == InstanceState.Stopped, "it is stopped");
    }
}
