using Paas.Contracts;
using Paas.Deployer.Tests.Support;

namespace Paas.Deployer.Tests.Local;

/// <summary>How instances that are processes of this machine are.</summary>
public sealed class InstanceStateTests
{
    private const string Crashing = "import time\nprint('no database', flush=True)\ntime.sleep(1.3)\nraise SystemExit(5)";
    private static readonly (string, string?)[] Settings = [.. TestInstances.WatchedClosely, ("Deployer:RestartDelay", "00:00:00.2"), ("Deployer:MaxRestartDelay", "00:00:00.4")];

    [Fact]
    public async Task A_healthy_instance_is_running_since_it_answers()
    {
        await using var platform = await TestPlatform.StartAsync();
        (await platform.InstancesAsync(Target.Local)).ShouldBeEmpty();
        var before = DateTime.UtcNow;

        await platform.DeployAsync(await platform.WebAsync(1, TestApp.Python(scale: 2)));

        var instances = await platform.InstancesAsync(Target.Local);
        instances.Select(instance => instance.Name).ShouldBe(["web.1", "web.2"]);
        var web = instances[0];
        (web.App, web.Process, web.Release, web.State, web.Restarts, web.LastExitCode, web.LastLine).ShouldBe(("shop", "web", 1, InstanceState.Running, 0, null, "starting v1"));
        web.Since!.Value.ShouldBeInRange(before, DateTime.UtcNow);
    }

    [Fact]
    public async Task One_that_ends_again_and_again_says_how_and_is_told_until_a_release_mends_it()
    {
        await using var platform = await TestPlatform.StartAsync(settings: Settings);
        var digest = await platform.PackAsync(("app.py", Crashing));
        await platform.DeployAsync(TestApp.Release(platform.App, 1, digest, TestApp.Python(type: "worker")));

        var down = await platform.UntilInstanceAsync(Target.Local, instance => instance is { State: InstanceState.Restarting, Restarts: >= 1 }, "it has ended twice");
        (down.Name, down.LastExitCode, down.LastLine).ShouldBe(("worker.1", 5, "no database"));
        down.Reason!.ShouldStartWith("worker.1 exited with code 5.");
        down.LastExitAt.ShouldNotBeNull();
        var told = await platform.UntilToldAsync(AppEventKind.CrashLooping);
        (told.AppId, told.Process, told.Instance, told.Release, told.ExitCode, told.LastLine).ShouldBe((platform.App, "worker", "worker.1", 1, 5, "no database"));

        digest = await platform.PackAsync(("app.py", "import time\ntime.sleep(1000)"));
        await platform.DeployAsync(TestApp.Release(platform.App, 2, digest, TestApp.Python(type: "worker")));

        (await platform.UntilToldAsync(AppEventKind.Recovered)).Release.ShouldBe(2);
        (await platform.InstancesAsync(Target.Local)).ShouldHaveSingleItem().Restarts.ShouldBe(0);
        platform.Events.OfType<RecordAppEvent>().Count().ShouldBe(2);
    }

    [Fact]
    public async Task After_a_restart_of_the_platform_they_are_starting_then_running_and_were_not_restarted()
    {
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        try
        {
            var first = await TestPlatform.StartAsync(folder);
            var app = first.App;
            await first.DeployAsync(await first.WebAsync(1));
            await first.StopAsync();

            await using var second = await TestPlatform.StartAsync(folder, app);
            (await second.InstancesAsync(Target.Local)).ShouldHaveSingleItem().State.ShouldBeOneOf(InstanceState.Starting, InstanceState.Running);
            var web = await second.UntilInstanceAsync(Target.Local, instance => instance.State == InstanceState.Running, "it is back");
            (web.Restarts, web.LastExitCode).ShouldBe((0, null));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
