using System.Diagnostics;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Secrets;

namespace Paas.Deployer.Tests.Local;

public sealed class SupervisionTests
{
    private static readonly (string, string?)[] Fast = [("Deployer:RestartDelay", "00:00:00.1"), ("Deployer:MaxRestartDelay", "00:00:00.4")];

    [Fact]
    public async Task An_instance_that_exits_later_is_started_again_on_a_new_port()
    {
        await using var platform = await TestPlatform.StartAsync(settings: Fast);
        await platform.DeployAsync(await platform.WebAsync(1));
        var before = platform.Router.InstanceOf(platform.App);
        await Should.ThrowAsync<HttpRequestException>(() => platform.AskAsync("/exit"));

        await TestPlatform.UntilAsync(() => platform.Router.Switches.Count == 3, "the route was taken away and given back");
        platform.Router.Switches.Select(route => route.Instances.Count).ShouldBe([1, 0, 1]);
        platform.Router.Switches.ShouldAllBe(route => route.Release == 1);
        platform.Router.InstanceOf(platform.App).ShouldNotBe(before);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
        await TestPlatform.UntilAsync(() => platform.AppLog.Contains("paas | web.1 has started", StringComparison.Ordinal), "the log says so");
        platform.AppLog.ShouldContain("web.1 exited with code 3");
        platform.AppLog.ShouldContain("It is started again in 0.1 s.");
    }

    [Fact]
    public async Task The_other_instances_serve_while_one_is_started_again()
    {
        await using var platform = await TestPlatform.StartAsync(settings: Fast);
        await platform.DeployAsync(await platform.WebAsync(1, TestApp.Python(scale: 2)));
        await Should.ThrowAsync<HttpRequestException>(() => platform.AskAsync("/exit"));
        await TestPlatform.UntilAsync(() => platform.Router.Switches.Count == 3, "it is back");
        platform.Router.Switches.Select(route => route.Instances.Count).ShouldBe([2, 1, 2]);
    }

    [Fact]
    public async Task A_crash_loop_backs_off_and_a_new_release_ends_it()
    {
        await using var platform = await TestPlatform.StartAsync(settings: Fast);
        var digest = await platform.PackAsync(("app.py", "import time\ntime.sleep(1.3)\nraise SystemExit(5)"));
        await platform.DeployAsync(TestApp.Release(platform.App, 1, digest, TestApp.Python(type: "worker")));
        await TestPlatform.UntilAsync(() => platform.AppLog.Contains("started again in 0.4 s", StringComparison.Ordinal), "it has backed off twice");
        platform.AppLog.ShouldContain("started again in 0.1 s");
        platform.AppLog.ShouldContain("started again in 0.2 s");

        await platform.DeployAsync(await platform.WebAsync(2));
        platform.Running().Count.ShouldBe(1);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v2");
    }

    [Fact]
    public async Task An_app_that_ignores_sigterm_is_killed_after_its_grace()
    {
        await using var platform = await TestPlatform.StartAsync(settings: ("Deployer:StopGrace", "00:00:01"));
        await platform.DeployAsync(await platform.WebAsync(1, TestApp.Python(env: ("IGNORE_TERM", "1"))));
        var pid = (await platform.AskAsync()).GetProperty("instance").GetString()!;
        var watch = Stopwatch.StartNew();
        await platform.DeployAsync(await platform.WebAsync(2));
        TestPlatform.IsAlive(pid).ShouldBeFalse();
        watch.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task An_app_is_asked_to_end_exactly_once()
    {
        await using var platform = await TestPlatform.StartAsync();
        var digest = await platform.PackAsync(("app.py", """
            import signal, time
            count = 0
            def ended(*_):
                global count
                count += 1
            signal.signal(signal.SIGTERM, ended)
            while count == 0: time.sleep(0.01)
            until = time.monotonic() + 1
            while time.monotonic() < until: time.sleep(0.01)
            open("signals", "w").write(str(count))
            """));
        await platform.DeployAsync(TestApp.Release(platform.App, 1, digest, TestApp.Python(type: "worker")));
        await platform.DeployAsync(await platform.WebAsync(2));
        (await File.ReadAllTextAsync(platform.InSlug(1, "signals"))).ShouldBe("1");
    }

    [Fact]
    public async Task Children_that_outlive_an_exited_instance_are_ended()
    {
        await using var platform = await TestPlatform.StartAsync(settings: Fast);
        await platform.DeployAsync(await platform.WebAsync(1, TestApp.Python(env: ("CHILD", "1000.125"))));
        await TestPlatform.UntilAsync(() => TestPlatform.Running("sleep 1000.125").Count == 1, "the child runs");
        await Should.ThrowAsync<HttpRequestException>(() => platform.AskAsync("/exit"));
        await TestPlatform.UntilAsync(() => TestPlatform.Running("sleep 1000.125").Count == 0, "the child of the instance that exited has ended");
    }

    [Fact]
    public async Task A_flood_of_output_is_cut_and_does_not_stop_the_app()
    {
        await using var platform = await TestPlatform.StartAsync();
        var marker = platform.InSlug(1, "printed");
        var digest = await platform.PackAsync(("app.py", """
            import sys, time
            line = "x" * 999 + "\n"
            for i in range(100): sys.stdout.write(line * 1000)
            sys.stdout.flush()
            open("printed", "w").close()
            time.sleep(1000)
            """));
        var watch = Stopwatch.StartNew();
        await platform.DeployAsync(TestApp.Release(platform.App, 1, digest, TestApp.Python(type: "worker")));
        await TestPlatform.UntilAsync(() => File.Exists(marker), "the app has printed 100 MB");
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
        await TestPlatform.UntilAsync(() => platform.AppLog.Contains("MB were dropped here", StringComparison.Ordinal), "the log says what is missing");
        Directory.GetFiles(platform.AppFolder, "app.log*").Sum(file => new FileInfo(file).Length).ShouldBeLessThan(20_000_000);
    }

    [Fact]
    public async Task Apps_come_back_with_the_platform_and_a_broken_one_stops_nobody()
    {
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        var (broken, good) = (Guid.NewGuid(), Guid.NewGuid());
        try
        {
            await using (var first = await TestPlatform.StartAsync(folder, good))
            {
                var command = await first.WebAsync(4, TestApp.Python(scale: 2)) with
                {
                    SealedConfigVars = ((SecretSealer)first.Services.GetService(typeof(SecretSealer))!).SealAll(new Dictionary<string, string> { ["COLOUR"] = "blue" }),
                };
                await first.DeployAsync(command);
                await first.DeployAsync(await first.WebAsync(1) with { AppId = broken });
                await File.WriteAllTextAsync(Path.Combine(first.AppFolderOf(broken), "current.json"), "{ broken");
            }

            await using var second = await TestPlatform.StartAsync(folder, good);
            await TestPlatform.UntilAsync(() => second.Router.RouteOf(good)?.Instances.Count == 2, "both instances are back");
            var answer = await second.AskAsync();
            answer.GetProperty("release").GetString().ShouldBe("v4");
            answer.GetProperty("env").GetProperty("COLOUR").GetString().ShouldBe("blue");
            // The instances from before are forgotten before there are new ones.
            second.Router.Switches.First().Instances.ShouldBeEmpty();
            second.Router.RouteOf(broken).ShouldBeNull();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_removed_app_leaves_a_tombstone_only_and_never_comes_back()
    {
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        var app = Guid.NewGuid();
        try
        {
            await using (var first = await TestPlatform.StartAsync(folder, app))
            {
                var command = await first.WebAsync(1);
                await first.DeployAsync(command);
                var remove = new RemoveApp { AppId = app, App = "shop", Target = Target.Local };
                var deployer = (ReleaseDeployer)first.Services.GetService(typeof(ReleaseDeployer))!;
                await deployer.RemoveAsync(remove, CancellationToken.None);
                await deployer.RemoveAsync(remove, CancellationToken.None);
                first.Router.RouteOf(app)!.Instances.ShouldBeEmpty();
                first.Running().ShouldBeEmpty();
                Directory.GetFileSystemEntries(first.AppFolder).Select(Path.GetFileName).ShouldBe(["removed"]);
                await Should.ThrowAsync<Hosting.Steps.StepStaleException>(() => first.DeployAsync(command with { Release = 2 }));
            }

            await using var second = await TestPlatform.StartAsync(folder, app);
            await Should.ThrowAsync<Hosting.Steps.StepStaleException>(async () => await second.DeployAsync(await second.WebAsync(3)));
            second.Running().ShouldBeEmpty();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Removing_an_app_ends_its_deployment_under_way()
    {
        await using var platform = await TestPlatform.StartAsync();
        var deploying = platform.DeployAsync(await platform.WebAsync(1, TestApp.Python(timeout: 60, env: ("STATUS", "500"))));
        await TestPlatform.UntilAsync(() => platform.AppLog.Contains("starting v1", StringComparison.Ordinal), "it has started");
        await ((ReleaseDeployer)platform.Services.GetService(typeof(ReleaseDeployer))!)
            .RemoveAsync(new RemoveApp { AppId = platform.App, App = "shop", Target = Target.Local }, CancellationToken.None);
        await Should.ThrowAsync<Hosting.Steps.StepStaleException>(() => deploying);
        platform.Running().ShouldBeEmpty();
    }
}
