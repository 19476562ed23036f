using System.Diagnostics;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Tests.Local;

public sealed class DeployTests
{
    private const string Worker = """
        import os, sys, time
        print("working for", os.environ["PAAS_RELEASE"], "port", os.environ.get("PORT"), flush=True)
        time.sleep(1000)
        """;

    [Fact]
    public async Task A_new_release_takes_over_and_the_old_one_ends()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        var first = (await platform.AskAsync()).GetProperty("instance").GetString()!;

        await platform.DeployAsync(await platform.WebAsync(2));

        var answer = await platform.AskAsync();
        answer.GetProperty("release").GetString().ShouldBe("v2");
        answer.GetProperty("instance").GetString()!.ShouldNotBe(first);
        TestPlatform.IsAlive(first).ShouldBeFalse();
        platform.Router.Switches.Select(route => route.Release).ShouldBe([1, 2]);
        platform.Log.Text.ShouldContain("-----> Starting release v2");
    }

    [Fact]
    public async Task Only_the_last_two_releases_are_kept_on_disk()
    {
        await using var platform = await TestPlatform.StartAsync();
        foreach (var release in new[] { 1, 2, 5 })
            await platform.DeployAsync(await platform.WebAsync(release));
        Directory.GetDirectories(Path.Combine(platform.AppFolder, "releases")).Select(Path.GetFileName).Order().ShouldBe(["v2", "v5"]);
    }

    [Fact]
    public async Task An_app_gets_its_own_variables_and_nothing_of_the_platform()
    {
        Environment.SetEnvironmentVariable("PAAS_TEST_SECRET_OF_THE_PLATFORM", "secret");
        await using var platform = await TestPlatform.StartAsync();
        var sealer = platform.Services.GetService(typeof(Hosting.Secrets.SecretSealer)) as Hosting.Secrets.SecretSealer;
        var command = await platform.WebAsync(7, TestApp.Python(env: [("COLOUR", "red"), ("SIZE", "small")])) with
        {
            SealedConfigVars = sealer!.SealAll(new Dictionary<string, string> { ["COLOUR"] = "blue", ["PORT"] = "1" }),
        };

        await platform.DeployAsync(command);

        var answer = await platform.AskAsync();
        var env = answer.GetProperty("env").EnumerateObject().ToDictionary(variable => variable.Name, variable => variable.Value.GetString());
        env["COLOUR"].ShouldBe("blue");
        env["SIZE"].ShouldBe("small");
        env["PORT"].ShouldBe(platform.Router.InstanceOf(platform.App).Port.ToString());
        env["PAAS_APP"].ShouldBe("shop");
        env["PAAS_RELEASE"].ShouldBe("v7");
        env["PAAS_COMMIT_SHA"].ShouldBe(command.Commit);
        Directory.Exists(env["HOME"]).ShouldBeTrue();
        env["HOME"].ShouldStartWith(platform.AppFolder);
        env["TMPDIR"].ShouldStartWith(platform.AppFolder);
        answer.GetProperty("cwd").GetString().ShouldBe(Path.Combine(platform.AppFolder, "releases/v7/slug"));
        env.Keys.Except(["COLOUR", "SIZE", "PORT", "PAAS_APP", "PAAS_RELEASE", "PAAS_COMMIT_SHA", "PAAS_PROCESS", "HOME", "TMPDIR", "PATH", "PWD",
            "LANG", "LC_ALL", "LC_CTYPE", "TZ", "DOTNET_ROOT", "SSL_CERT_FILE", "SSL_CERT_DIR"]).ShouldBeEmpty();
        (await File.ReadAllTextAsync(Path.Combine(platform.AppFolder, "current.json"))).ShouldNotContain("blue");
    }

    [Fact]
    public async Task An_older_release_is_refused_and_the_newer_one_goes_on()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(5));
        var failure = await platform.FailAsync(await platform.WebAsync(4));
        failure.Reason.ShouldBe(FailureReason.ReleaseOutdated);
        failure.Message.ShouldContain("v5");
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v5");
    }

    [Fact]
    public async Task A_deployer_whose_clock_is_behind_that_of_the_one_before_is_heard_all_the_same()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        var ahead = DateTime.UtcNow.AddYears(1).Ticks;
        platform.Router.Switch(platform.Router.RouteOf(platform.App)! with { Release = 2, Sequence = ahead });

        await platform.DeployAsync(await platform.WebAsync(2));

        var route = platform.Router.RouteOf(platform.App)!;
        route.Release.ShouldBe(2);
        route.Sequence.ShouldBe(ahead + 1);
    }

    [Fact]
    public async Task A_release_the_router_refuses_leaves_the_old_one()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        platform.Router.Switch(platform.Router.RouteOf(platform.App)! with { Release = 9 });

        var failure = await platform.FailAsync(await platform.WebAsync(2));

        failure.Reason.ShouldBe(FailureReason.ReleaseOutdated);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
        platform.Running().Count.ShouldBe(1);
        (await File.ReadAllTextAsync(Path.Combine(platform.AppFolder, "current.json"))).ShouldContain("\"Release\": 1");
    }

    [Fact]
    public async Task The_same_command_again_changes_nothing()
    {
        await using var platform = await TestPlatform.StartAsync();
        var command = await platform.WebAsync(3);
        await platform.DeployAsync(command);
        var before = (await platform.AskAsync()).GetProperty("instance").GetString()!;
        await platform.DeployAsync(command);
        (await platform.AskAsync()).GetProperty("instance").GetString()!.ShouldBe(before);
        platform.Router.Switches.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_release_number_never_gets_another_image()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(3));
        var other = await platform.WebAsync(3) with { ImageDigest = "sha256:" + new string('0', 64) };
        await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(other));
    }

    [Fact]
    public async Task Scale_two_runs_two_instances_on_ports_of_their_own()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1, TestApp.Python(scale: 2)));
        platform.Router.RouteOf(platform.App)!.Instances.Distinct().Count().ShouldBe(2);
        platform.Running().Count.ShouldBe(2);
    }

    [Fact]
    public async Task An_app_with_only_a_worker_has_its_route_taken_away()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        var digest = await platform.PackAsync(("app.py", Worker));
        await platform.DeployAsync(TestApp.Release(platform.App, 2, digest, TestApp.Python(type: "worker")));
        platform.Router.RouteOf(platform.App)!.Instances.ShouldBeEmpty();
        platform.Router.RouteOf(platform.App)!.Release.ShouldBe(2);
        platform.Running().Count.ShouldBe(1);
        await TestPlatform.UntilAsync(() => platform.AppLog.Contains("worker.1 | working for v2 port None", StringComparison.Ordinal), "the worker's line is in the log");
    }

    [Fact]
    public async Task The_release_command_runs_once_before_the_switch()
    {
        await using var platform = await TestPlatform.StartAsync();
        var digest = await platform.PackAsync(("app.py", TestApp.Web), ("migrate.py", "import os\nprint('migrated to', os.environ['PAAS_RELEASE'])"));
        var command = TestApp.Release(platform.App, 1, digest, TestApp.Python(timeout: 1, env: ("STATUS", "500")) with { Release = TestApp.Command("python3", "migrate.py") });
        await platform.FailAsync(command);
        platform.Log.Text.ShouldContain("migrated to v1");
        await platform.FailAsync(command);
        platform.Log.Text.Split("migrated to v1").Length.ShouldBe(2, "it ran once");
    }

    [Fact]
    public async Task A_failing_release_command_leaves_the_old_release()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        var digest = await platform.PackAsync(("app.py", TestApp.Web), ("migrate.py", "import sys\nprint('no such table')\nsys.exit(4)"));
        var failure = await platform.FailAsync(TestApp.Release(platform.App, 2, digest, TestApp.Python() with { Release = TestApp.Command("python3", "migrate.py") }));
        failure.Reason.ShouldBe(FailureReason.ReleaseCommandFailed);
        failure.Message.ShouldContain("exited with code 4");
        platform.Log.Text.ShouldContain("no such table");
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
        platform.Router.Switches.Count.ShouldBe(1);
        Directory.Exists(Path.Combine(platform.AppFolder, "releases/v2")).ShouldBeFalse();
    }

    [Fact]
    public async Task Canceling_ends_the_new_release_within_a_second_and_leaves_the_old_one()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        using var cancel = new CancellationTokenSource();
        var deploying = platform.DeployAsync(await platform.WebAsync(2, TestApp.Python(timeout: 60, env: [("STATUS", "500"), ("IGNORE_TERM", "1")])), cancel.Token);
        await TestPlatform.UntilAsync(() => platform.AppLog.Contains("starting v2", StringComparison.Ordinal), "v2 has started");
        var watch = Stopwatch.StartNew();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => deploying);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(1));
        platform.Running().Count.ShouldBe(1);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_deployment_that_is_not_wanted_any_more_is_dropped(int lastQuestion)
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        var asked = platform.Router.Questions;
        platform.Router.IsWanted = question => question - asked < lastQuestion;
        await Should.ThrowAsync<StepStaleException>(async () => await platform.DeployAsync(await platform.WebAsync(2)));
        (platform.Router.Questions - asked).ShouldBe(lastQuestion);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
        platform.Running().Count.ShouldBe(1);
        platform.Router.Switches.Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_unknown_target_is_the_users_mistake()
    {
        await using var platform = await TestPlatform.StartAsync();
        var failure = await platform.FailAsync(await platform.WebAsync(1) with { Target = "moon" });
        failure.Reason.ShouldBe(FailureReason.NotSupportedByTarget);
        failure.Message.ShouldContain("local");
    }

    [Fact]
    public async Task A_router_that_does_not_answer_is_a_fault_that_mends_itself()
    {
        await using var platform = await TestPlatform.StartAsync(settings: [("Deployer:RouterTimeout", "00:00:01"), ("Deployer:DrainTimeout", "00:00:00")]);
        await platform.DeployAsync(await platform.WebAsync(1));
        var broken = true;
        platform.Router.BeforeAnswer = _ => broken ? throw new IOException("broken") : Task.CompletedTask;
        var command = await platform.WebAsync(2);
        var fault = await Should.ThrowAsync<Exception>(() => platform.DeployAsync(command));
        fault.ShouldNotBeOfType<StepFailedException>();
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");

        broken = false;
        await platform.DeployAsync(command);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v2");
        platform.Running().Count.ShouldBe(1);
    }
}
