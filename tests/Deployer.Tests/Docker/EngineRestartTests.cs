using System.Net;
using System.Net.Sockets;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>The engine, a container or the deployer ends and comes back: the app answers again, and the router knows where.</summary>
public sealed class EngineRestartTests
{
    [Fact]
    public async Task After_a_power_failure_of_the_engine_the_app_answers_again()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var engine = await DockerEngine.StartNewAsync();
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web(), Process("worker", "exec sleep 1000")));
        var before = platform.Router.InstanceOf(platform.App);

        engine.Kill();
        await Should.ThrowAsync<HttpRequestException>(() => platform.AskAsync());
        // Somebody else has the port by now.
        using var other = new TcpListener(IPAddress.Loopback, before.Port);
        other.Start();
        await engine.StartAsync();

        await TestPlatform.UntilAsync(() => platform.Router.RouteOf(platform.App)!.Instances.Count == 1 && platform.Router.InstanceOf(platform.App) != before, "the route was told again", Patience);
        (await platform.AskAsync()).ShouldBe("v1");
        (await platform.InspectAsync("paas-shop-v1-worker-1")).GetProperty("State").GetProperty("Running").GetBoolean().ShouldBeTrue();
        platform.Router.Switches.ShouldAllBe(route => route.Release == 1);

        await platform.DeployAsync(2, Plan(Web()));
        (await platform.AskAsync()).ShouldBe("v2");
    }

    [Fact]
    public async Task An_engine_that_is_down_is_a_fault_that_mends_itself()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var engine = await DockerEngine.StartNewAsync();
        await using var platform = await StartAsync(engine);
        engine.Kill();
        var fault = await Should.ThrowAsync<Paas.Docker.EngineUnreachableException>(() => platform.DeployAsync(1, Plan(Web())));
        fault.Message.ShouldContain(engine.Endpoint);
        await engine.StartAsync();
        await platform.DeployAsync(1, Plan(Web()));
        (await platform.AskAsync()).ShouldBe("v1");
    }

    [Fact]
    public async Task A_container_that_exits_is_started_again_and_the_router_follows()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var engine = await DockerEngine.StartNewAsync();
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Web(scale: 2)));
        var before = platform.Router.RouteOf(platform.App)!.Instances;

        await engine.DockerAsync("exec", "paas-shop-v1-web-1", "killall", "httpd");

        await TestPlatform.UntilAsync(() => platform.Router.RouteOf(platform.App)!.Instances is { Count: 2 } now && !now.SequenceEqual(before), "both are in the route again", Patience);
        platform.Router.RouteOf(platform.App)!.Instances.ShouldContain(before[1]);
        (await platform.AskAsync()).ShouldBe("v1");
    }

    [Fact]
    public async Task A_deployer_that_starts_tells_the_router_where_the_apps_are()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var engine = await DockerEngine.StartNewAsync();
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        try
        {
            var app = Guid.NewGuid();
            var first = await StartAsync(engine, folder, app);
            await first.DeployAsync(4, Plan(Web()));
            var address = first.Router.InstanceOf(app);
            await first.Platform.DisposeAsync();

            await using var second = await StartAsync(engine, folder, app);
            await TestPlatform.UntilAsync(() => second.Router.RouteOf(app) is not null, "the router was told", Patience);
            // Not even for a moment is it told of fewer than there are.
            second.Router.Switches.Select(route => route.Instances.Count).ShouldBe([1]);
            second.Router.InstanceOf(app).ShouldBe(address);
            second.Router.RouteOf(app)!.Release.ShouldBe(4);
            (await second.FailAsync(3, Plan(Web()))).Reason.ShouldBe(FailureReason.ReleaseOutdated);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_router_that_does_not_answer_is_a_fault_that_mends_itself()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var engine = await DockerEngine.StartNewAsync();
        await using var platform = await StartAsync(engine, ("Deployer:RouterTimeout", "00:00:01"), ("Deployer:DrainTimeout", "00:00:00"));
        await platform.DeployAsync(1, Plan(Web()));
        platform.Router.BeforeAnswer = _ => throw new IOException("broken");
        var fault = await Should.ThrowAsync<Exception>(() => platform.DeployAsync(2, Plan(Web())));
        fault.ShouldNotBeOfType<StepFailedException>();
        (await platform.AskAsync()).ShouldBe("v1");

        // Nobody sends the command again: the release was decided, and the deployer completes it.
        platform.Router.BeforeAnswer = _ => Task.CompletedTask;
        await TestPlatform.UntilAsync(() => platform.ContainersAsync().Result is ["paas-shop-v2-web-1"], "the old release has ended", Patience);
        (await platform.AskAsync()).ShouldBe("v2");
    }
}
