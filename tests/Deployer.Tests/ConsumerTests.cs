using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Messaging;

namespace Paas.Deployer.Tests;

public sealed class ConsumerTests
{
    [Fact]
    public async Task A_release_is_deployed_and_told_of()
    {
        await using var platform = await TestPlatform.StartAsync();
        var command = await platform.WebAsync(1);
        await SendAsync(platform, Endpoints.For(Step.DeployRelease), command);
        await TestPlatform.UntilAsync(() => !platform.Events.IsEmpty, "an event came");
        var deployed = platform.Events.Single().ShouldBeOfType<ReleaseDeployed>();
        deployed.DeploymentId.ShouldBe(command.DeploymentId);
        deployed.Release.ShouldBe(1);
        deployed.LogBatches.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_users_mistake_is_told_with_its_reason()
    {
        await using var platform = await TestPlatform.StartAsync();
        await SendAsync(platform, Endpoints.For(Step.DeployRelease), await platform.WebAsync(1) with { Target = "moon" });
        await TestPlatform.UntilAsync(() => !platform.Events.IsEmpty, "an event came");
        platform.Events.Single().ShouldBeOfType<ReleaseDeployFailed>().Reason.ShouldBe(FailureReason.NotSupportedByTarget);
    }

    [Fact]
    public async Task A_stale_command_ends_without_effect()
    {
        await using var platform = await TestPlatform.StartAsync();
        platform.Router.IsWanted = _ => false;
        await SendAsync(platform, Endpoints.For(Step.DeployRelease), await platform.WebAsync(1));
        await TestPlatform.UntilAsync(() => platform.Router.Questions > 0, "it was asked about");
        platform.Router.IsWanted = _ => true;
        // One after it on the same queue, for the same app: it gets its turn when the stale one has ended.
        await SendAsync(platform, Endpoints.For(Step.DeployRelease), await platform.WebAsync(2));
        await TestPlatform.UntilAsync(() => platform.Events.OfType<ReleaseDeployed>().Any(), "the other is deployed");
        platform.Events.OfType<ReleaseDeployed>().Single().Release.ShouldBe(2);
        platform.Events.OfType<ReleaseDeployFailed>().ShouldBeEmpty();
        platform.Router.Questions.ShouldBe(3);
    }

    [Fact]
    public async Task A_stopped_step_says_so_and_leaves_nothing()
    {
        await using var platform = await TestPlatform.StartAsync();
        var command = await platform.WebAsync(1, TestApp.Python(timeout: 60, env: ("STATUS", "500")));
        await SendAsync(platform, Endpoints.For(Step.DeployRelease), command);
        await TestPlatform.UntilAsync(() => platform.AppLog.Contains("starting v1", StringComparison.Ordinal), "it has started");
        await platform.Services.GetRequiredService<IBus>().Publish(new StopStep { DeploymentId = command.DeploymentId, Step = command.Step, Attempt = 1 });
        await TestPlatform.UntilAsync(() => !platform.Events.IsEmpty, "an event came", 5);
        platform.Events.Single().ShouldBeOfType<StepStopped>();
        platform.Owner.Find(null).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_app_is_removed()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        await SendAsync(platform, Endpoints.RemoveApp, new RemoveApp { AppId = platform.App, App = "shop", Target = Target.Local });
        await TestPlatform.UntilAsync(() => Directory.GetFileSystemEntries(platform.AppFolder).Length == 1, "only the tombstone is left");
        platform.Owner.Find(null).ShouldBeEmpty();
    }

    private static async Task SendAsync<T>(TestPlatform platform, Uri address, T message)
        where T : class =>
        await (await platform.Services.GetRequiredService<IBus>().GetSendEndpoint(address)).Send(message);
}
