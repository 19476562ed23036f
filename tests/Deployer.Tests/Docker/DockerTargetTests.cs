using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>Real containers.</summary>
public sealed class DockerTargetTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Fact]
    public async Task A_new_release_takes_over_and_the_old_one_is_gone()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web()));
        (await platform.AskAsync()).ShouldBe("v1");

        await platform.DeployAsync(2, Plan(Web(scale: 2)));

        (await platform.AskAsync()).ShouldBe("v2");
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v2-web-1", "paas-shop-v2-web-2"]);
        platform.Router.RouteOf(platform.App)!.Instances.Distinct().Count().ShouldBe(2);
        platform.Router.Switches.Select(route => route.Release).ShouldBe([1, 2]);
        platform.Log.ShouldContain("web.2 is healthy");
    }

    [Fact]
    public async Task The_image_starts_by_itself_where_no_command_is_named()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync("own-cmd", "FROM busybox\nENV GREETING=hello\nCMD [\"sh\", \"-c\", \"mkdir /tmp/w; echo $GREETING > /tmp/w/index.html; exec httpd -f -p $PORT -h /tmp/w\"]");

        await platform.DeployAsync(platform.Release(1, Plan(new ProcessType { Name = ProcessType.Web }), image));

        (await platform.AskAsync()).ShouldBe("hello");
        (await platform.InspectAsync("paas-shop-v1-web-1")).GetProperty("Image").GetString().ShouldBe(image);
        var failure = await platform.FailAsync(2, Plan(new ProcessType { Name = ProcessType.Web }));
        failure.Message.ShouldContain("the image has no CMD");
    }

    [Fact]
    public async Task A_line_for_a_shell_is_run_by_the_images_own_which_passes_on_the_signal_to_end()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        const string line = "trap 'sleep 0.2; echo ended in time; exit 0' TERM; mkdir -p /tmp/w && echo ${GREETING:-x} | tr a-z A-Z > /tmp/w/index.html; httpd -p $PORT -h /tmp/w && while :; do sleep 0.1; done # for ever";
        var web = new ProcessType { Name = ProcessType.Web, Command = Paas.Hosting.Processes.CommandWords.Split($"sh -c \"{line.Replace("$", "\\$", StringComparison.Ordinal).Split(" #")[0]}\" && true").Command };

        await platform.DeployAsync(1, Plan(web) with { Env = new Dictionary<string, string> { ["GREETING"] = "hello" } });
        (await platform.AskAsync()).ShouldBe("HELLO");

        await engine.DockerAsync("stop", "--time", "20", "paas-shop-v1-web-1");
        (await engine.LogAsync("paas-shop-v1-web-1")).ShouldContain("ended in time");
    }

    [Fact]
    public async Task A_line_for_a_shell_says_so_where_the_image_has_none()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync("no-shell", "FROM busybox AS all\nFROM scratch\nCOPY --from=all /bin/busybox /bin/app\n");
        var web = new ProcessType { Name = ProcessType.Web, Command = Paas.Hosting.Processes.CommandWords.Split("cd / && app").Command };

        var failure = await Should.ThrowAsync<StepFailedException>(platform.DeployAsync(platform.Release(1, Plan(web), image)));

        failure.Message.ShouldContain("the image has no /bin/sh");
    }

    [Fact]
    public async Task Variables_reach_the_app_and_its_command()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var sealer = (SecretSealer)platform.Platform.Services.GetService(typeof(SecretSealer))!;
        var run = Plan(Web(before: "echo $COLOUR $$SIZE $PAAS_COMMIT_SHA > /tmp/www/told")) with { Env = new Dictionary<string, string> { ["COLOUR"] = "red", ["SIZE"] = "small" } };

        await platform.DeployAsync(platform.Release(1, run) with { SealedConfigVars = sealer.SealAll(new Dictionary<string, string> { ["COLOUR"] = "blue" }) });

        (await platform.AskAsync("/told")).ShouldBe($"blue small {new string('c', 40)}");
    }

    [Fact]
    public async Task An_engine_elsewhere_is_reached_where_it_publishes()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(
            engine, ("Deployer:InstanceHost", "apps-of-the-local-target.invalid"), ("Deployer:PublishAddress", engine.Gateway), ("Deployer:PublishHost", engine.Gateway));

        await platform.DeployAsync(1, Plan(Web()));

        platform.Router.InstanceOf(platform.App).Host.ShouldBe(engine.Gateway);
        (await platform.AskAsync()).ShouldBe("v1");
    }

    [Fact]
    public async Task A_container_has_limits_and_no_rights()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:AppMemory", "64"), ("Deployer:AppCpus", "0.5"), ("Deployer:AppProcesses", "50"));
        await platform.DeployAsync(1, Plan(Web()));

        var container = await platform.InspectAsync("paas-shop-v1-web-1");
        var host = container.GetProperty("HostConfig");
        host.GetProperty("Memory").GetInt64().ShouldBe(64 * 1024 * 1024);
        host.GetProperty("MemorySwap").GetInt64().ShouldBe(64 * 1024 * 1024);
        host.GetProperty("NanoCpus").GetInt64().ShouldBe(500_000_000);
        host.GetProperty("PidsLimit").GetInt64().ShouldBe(50);
        host.GetProperty("Privileged").GetBoolean().ShouldBeFalse();
        host.GetProperty("CapDrop")[0].GetString().ShouldBe("ALL");
        host.GetProperty("SecurityOpt")[0].GetString().ShouldBe("no-new-privileges");
        host.GetProperty("RestartPolicy").GetProperty("Name").GetString().ShouldBe("unless-stopped");
        host.GetProperty("LogConfig").GetProperty("Config").GetProperty("max-size").GetString().ShouldBe("10m");
        container.GetProperty("Mounts").GetArrayLength().ShouldBe(0);
        container.GetProperty("NetworkSettings").GetProperty("Networks").EnumerateObject().Select(network => network.Name).ShouldBe([$"paas-{platform.App}"]);
        var published = container.GetProperty("NetworkSettings").GetProperty("Ports").GetProperty("8080/tcp").EnumerateArray().Single();
        published.GetProperty("HostIp").GetString().ShouldBe("127.0.0.1");
        platform.Router.InstanceOf(platform.App).Port.ToString().ShouldBe(published.GetProperty("HostPort").GetString());
        var status = await engine.DockerAsync("exec", "paas-shop-v1-web-1", "grep", "-E", "NoNewPrivs|CapEff", "/proc/1/status");
        status.ShouldContain("NoNewPrivs:\t1");
        status.ShouldContain("CapEff:\t0000000000000000");
    }

    [Fact]
    public async Task An_app_with_only_a_worker_has_no_route_and_no_port()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Process("worker", "echo working; exec sleep 1000")));
        platform.Router.RouteOf(platform.App)!.Instances.ShouldBeEmpty();
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v1-worker-1"]);
        (await platform.InspectAsync("paas-shop-v1-worker-1")).GetProperty("NetworkSettings").GetProperty("Ports").EnumerateObject().ShouldBeEmpty();
    }

    [Fact]
    public async Task An_older_release_is_refused_and_the_newer_one_goes_on()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(5, Plan(Web()));
        var failure = await platform.FailAsync(4, Plan(Web()));
        failure.Reason.ShouldBe(FailureReason.ReleaseOutdated);
        failure.Message.ShouldContain("v5");
        (await platform.AskAsync()).ShouldBe("v5");
    }

    [Fact]
    public async Task A_release_number_never_gets_another_image()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(3, Plan(Web()));
        await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(platform.Release(3, Plan(Web()), "sha256:" + new string('0', 64))));
    }

    [Fact]
    public async Task An_image_that_nobody_has_is_named()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var digest = "sha256:" + new string('0', 64);
        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(platform.Release(1, Plan(Web()), digest)));
        fault.Message.ShouldContain(digest);
        fault.Message.ShouldContain("no registry");
    }

    [Fact]
    public async Task What_runs_has_to_be_what_was_built()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Process("worker", "exec sleep 1000")));
        var deployer = (ReleaseDeployer)platform.Platform.Services.GetService(typeof(ReleaseDeployer))!;
        var resolve = new ResolveUrl
        {
            DeploymentId = Guid.NewGuid(),
            Attempt = 1,
            AppId = platform.App,
            App = "shop",
            Environment = "production",
            Target = Target.Docker,
            Release = 1,
            ImageDigest = platform.ImageId,
            Run = Plan(Process("worker", "exec sleep 1000")),
        };
        (await deployer.ResolveUrlAsync(resolve, platform.Platform.Log, CancellationToken.None)).ShouldBeNull();

        var other = "sha256:" + new string('0', 64);
        var fault = await Should.ThrowAsync<StepPermanentException>(
            () => deployer.ResolveUrlAsync(resolve with { ImageDigest = other }, platform.Platform.Log, CancellationToken.None));
        fault.Message.ShouldContain(platform.ImageId);
        fault.Message.ShouldContain(other);
    }

    [Fact]
    public async Task The_same_command_again_keeps_the_containers()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var command = platform.Release(3, Plan(Web()));
        await platform.DeployAsync(command);
        var before = (await platform.InspectAsync("paas-shop-v3-web-1")).GetProperty("Id").GetString();

        await platform.DeployAsync(command);

        (await platform.InspectAsync("paas-shop-v3-web-1")).GetProperty("Id").GetString().ShouldBe(before);
        platform.Log.ShouldContain("Release v3 runs already");
        (await platform.AskAsync()).ShouldBe("v3");
    }

    [Fact]
    public async Task A_release_the_router_refuses_leaves_the_old_one()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web()));
        platform.Router.Switch(platform.Router.RouteOf(platform.App)! with { Release = 9 });
        (await platform.FailAsync(2, Plan(Web()))).Reason.ShouldBe(FailureReason.ReleaseOutdated);
        (await platform.AskAsync()).ShouldBe("v1");
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v1-web-1"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_deployment_that_is_not_wanted_any_more_is_dropped(int lastQuestion)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web()));
        var asked = platform.Router.Questions;
        platform.Router.IsWanted = question => question - asked < lastQuestion;
        await Should.ThrowAsync<StepStaleException>(() => platform.DeployAsync(2, Plan(Web())));
        (platform.Router.Questions - asked).ShouldBe(lastQuestion);
        (await platform.AskAsync()).ShouldBe("v1");
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v1-web-1"]);
    }

    [Fact]
    public async Task The_release_command_runs_once_before_the_switch()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var run = Plan(Web()) with { Release = TestApp.Command("sh", "-c", "echo migrated to $PAAS_RELEASE") };
        var command = platform.Release(1, run);
        var questions = 0;
        // The platform's trouble comes after the command has run: the next try doesn't run it again.
        platform.Router.IsWanted = _ => ++questions != 2 ? true : throw new IOException("broken");
        var fault = await Should.ThrowAsync<Exception>(() => platform.DeployAsync(command));
        fault.ShouldNotBeOfType<StepFailedException>();
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v1-release-1"]);

        await platform.DeployAsync(command);

        platform.Log.Split("migrated to v1").Length.ShouldBe(2);
        (await platform.AskAsync()).ShouldBe("v1");
    }

    [Fact]
    public async Task A_failing_release_command_leaves_the_old_release()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web()));
        var failure = await platform.FailAsync(2, Plan(Web()) with { Release = TestApp.Command("sh", "-c", "echo no such table; exit 4") });
        failure.Reason.ShouldBe(FailureReason.ReleaseCommandFailed);
        failure.Message.ShouldContain("exited with code 4");
        platform.Log.ShouldContain("no such table");
        (await platform.AskAsync()).ShouldBe("v1");
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v1-web-1"]);
    }

    [Fact]
    public async Task Canceling_removes_the_new_release_and_leaves_the_old_one()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web()));
        using var cancel = new CancellationTokenSource();
        var deploying = platform.DeployAsync(platform.Release(2, Plan(Process(ProcessType.Web, "trap '' TERM; while true; do sleep 1; done"))), cancel.Token);
        while ((await platform.ContainersAsync()).Length < 2)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => deploying);
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v1-web-1"]);
        (await platform.AskAsync()).ShouldBe("v1");
    }

    [Fact]
    public async Task Removing_an_app_leaves_nothing_of_it()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync("paas/shop:1", $"FROM busybox\nLABEL io.paas.app={platform.App} io.paas.app-name=shop");
        var command = platform.Release(1, Plan(Web(), Process("worker", "exec sleep 1000")), image);
        await platform.DeployAsync(command);

        await platform.RemoveAsync();
        await platform.RemoveAsync();

        (await platform.ContainersAsync()).ShouldBeEmpty();
        (await engine.DockerAsync("network", "ls", "-q", "--filter", $"label=io.paas.app={platform.App}")).ShouldBeEmpty();
        (await engine.DockerAsync("volume", "ls", "-q", "--filter", $"label=io.paas.app={platform.App}")).ShouldBeEmpty();
        (await engine.DockerAsync("images", "-q", "paas/shop")).ShouldBeEmpty();
        (await engine.DockerAsync("images", "-q", "busybox")).ShouldNotBeEmpty();
        platform.Router.RouteOf(platform.App)!.Instances.ShouldBeEmpty();
        await Should.ThrowAsync<StepStaleException>(() => platform.DeployAsync(command with { Release = 2 }));
    }

    private async Task<string> BuildAsync(string name, string dockerfile)
    {
        var folder = Directory.CreateTempSubdirectory("paas-image-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"), dockerfile);
            await engine.DockerAsync("build", "--quiet", "--tag", name, folder.FullName);
            return await IdOfAsync(engine, name);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
