using MassTransit;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Orchestrator.Tests;

public sealed class DeploymentTests
{
    [Fact]
    public async Task A_deployment_goes_through_all_steps_in_order_and_succeeds()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();

        var deployment = await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Succeeded);

        platform.Workers.Received.Select(command => command.Step).ShouldBe(Step.InOrder);
        deployment.Steps.Select(step => (step.Name, step.State, step.Attempt)).ShouldBe(Step.InOrder.Select(step => (step, StepStates.Succeeded, 1)));
        deployment.Release.ShouldBe(1);
        deployment.Url.ShouldBe("http://hello.localhost/");
        deployment.Deadline.ShouldBeNull();
        deployment.FinishedAt.ShouldNotBeNull();
        var release = (await platform.ReleasesAsync(app)).ShouldHaveSingleItem();
        release.State.ShouldBe(ReleaseStates.Live);
        (await platform.LogAsync(deployment.CorrelationId)).ShouldContain("v1 is live");
    }

    [Fact]
    public async Task A_build_gets_the_manifests_env_and_the_config_vars_that_are_not_for_runs_only()
    {
        await using var platform = await Platform.StartAsync();
        platform.Workers.Plan = platform.Workers.Plan with { Env = new Dictionary<string, string> { ["BASE"] = "/v2" } };
        var app = await platform.CreateAppAsync();
        await platform.SetConfigVarAsync(app, "API", "https://api.example");
        await platform.SetConfigVarAsync(app, "PUBLIC", "1", runOnly: false);
        await platform.SetConfigVarAsync(app, "SIGNING", "secret", runOnly: true);

        await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Succeeded);

        var build = platform.Workers.Received.OfType<BuildImage>().Single();
        build.Env.ShouldBe(new Dictionary<string, string> { ["BASE"] = "/v2" });
        platform.Open(build.SealedConfigVars).ShouldBe(new Dictionary<string, string> { ["API"] = "https://api.example", ["PUBLIC"] = "1" }, ignoreOrder: true);
        platform.Open(platform.Workers.Received.OfType<DeployRelease>().Single().SealedConfigVars).Keys.ShouldContain("SIGNING");
    }

    [Fact]
    public async Task Nothing_is_left_in_the_outbox()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Succeeded);
        var deadline = DateTime.UtcNow.AddSeconds(10);
        while (await platform.InDbAsync(db => Task.FromResult(db.OutboxMessages.Count())) > 0)
            DateTime.UtcNow.ShouldBeLessThan(deadline);
    }

    [Fact]
    public async Task A_users_failure_ends_as_Failed_with_its_reason()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Fail(Step.BuildImage);

        var deployment = await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Failed);

        deployment.FailureKind.ShouldBe("failed");
        deployment.FailureStep.ShouldBe(Step.BuildImage);
        deployment.FailureReason.ShouldBe(FailureReason.BuildFailed);
        deployment.Steps[^1].State.ShouldBe(StepStates.Failed);
        (await platform.ReleasesAsync(app)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_fault_of_the_platform_ends_as_Faulted_and_a_replay_goes_on_from_the_step()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Fault(Step.PublishImage);
        var id = await platform.RequestAsync(app);
        var faulted = await platform.WaitForAsync(id, DeploymentStates.Faulted);
        faulted.FailureKind.ShouldBe("faulted");
        faulted.FailureMessage.ShouldBe("The engine is away.");
        faulted.ExceptionType.ShouldBe("System.InvalidOperationException");

        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await platform.Bus.Publish(new ReplayDeployment { DeploymentId = id, RequestedBy = "operator" });

        var deployment = await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        platform.Workers.Count(Step.BuildImage).ShouldBe(1);
        deployment.Steps.Where(step => step.Name == Step.PublishImage).Select(step => (step.Attempt, step.State))
            .ShouldBe([(1, StepStates.Faulted), (2, StepStates.Succeeded)]);
        deployment.FailureKind.ShouldBeNull();
        (await platform.LogAsync(id)).ShouldContain("asked for by operator");
    }

    [Fact]
    public async Task A_replay_may_begin_with_an_earlier_step()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Fault(Step.PublishImage);
        var id = await platform.RequestAsync(app);
        await platform.WaitForAsync(id, DeploymentStates.Faulted);

        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await platform.Bus.Publish(new ReplayDeployment { DeploymentId = id, FromStep = Step.DownloadCode, RequestedBy = "operator" });

        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        platform.Workers.Count(Step.DownloadCode).ShouldBe(2);
        platform.Workers.Count(Step.BuildImage).ShouldBe(2);
    }

    [Fact]
    public async Task Replaying_twice_and_replaying_what_did_not_fault_changes_nothing()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        var id = await platform.RequestAsync(app);
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        var commands = platform.Workers.Received.Count;

        await platform.PublishAndSettleAsync(new ReplayDeployment { DeploymentId = id, RequestedBy = "operator" });

        (await platform.GetAsync(id)).CurrentState.ShouldBe(DeploymentStates.Succeeded);
        platform.Workers.Received.Count.ShouldBe(commands);
    }

    [Fact]
    public async Task Late_and_repeated_events_change_nothing()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(Step.BuildImage);
        var id = await platform.RequestAsync(app);
        await platform.WaitForAsync(id, DeploymentStates.BuildingImage);
        await Platform.UntilAsync(() => platform.Workers.Count(Step.BuildImage) == 1, "the build was asked for");
        var commands = platform.Workers.Received.Count;

        foreach (var command in platform.Workers.Received.Where(command => command.Step != Step.BuildImage).ToList())
            await platform.PublishAndSettleAsync((dynamic)Workers.Success(command));
        await platform.PublishAndSettleAsync(new ImageBuilt { DeploymentId = id, Attempt = 7, LogId = Guid.NewGuid(), LogBatches = 0, ImageId = "x", Builder = "y" });

        var deployment = await platform.GetAsync(id);
        deployment.CurrentState.ShouldBe(DeploymentStates.BuildingImage);
        deployment.ImageId.ShouldBeNull();
        platform.Workers.Received.Count.ShouldBe(commands);
    }

    [Fact]
    public async Task An_expired_step_is_tried_once_more_and_then_faults_with_a_sentence()
    {
        await using var platform = await Platform.StartAsync(("Steps:BuildImage:Deadline", "00:00:00.3"), ("Steps:BuildImage:QueueTimeout", "00:00:00"));
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(Step.BuildImage);

        var deployment = await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Faulted);

        platform.Workers.Count(Step.BuildImage).ShouldBe(2);
        deployment.FailureReason.ShouldBe(FailureReason.DeadlineExpired);
        deployment.FailureMessage!.ShouldContain("BuildImage did not end within");
    }

    [Fact]
    public async Task What_was_built_and_got_lost_is_built_again()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Instead = async (command, context) =>
        {
            if (command is not PublishImage { Attempt: 1 })
                return false;
            await context.Publish(new BuiltImageLost { DeploymentId = command.DeploymentId, Attempt = 1, LogId = Guid.NewGuid(), LogBatches = 0 });
            return true;
        };

        var deployment = await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Succeeded);

        platform.Workers.Count(Step.BuildImage).ShouldBe(2);
        deployment.Release.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_built_and_gets_lost_again_and_again_faults_after_three_builds_and_a_replay_builds_it_anew()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Instead = LoseFirst(int.MaxValue);
        var id = await platform.RequestAsync(app);

        var deployment = await platform.WaitForAsync(id, DeploymentStates.Faulted);

        platform.Workers.Count(Step.BuildImage).ShouldBe(3);
        platform.Workers.Count(Step.PublishImage).ShouldBe(3);
        deployment.FailureReason.ShouldBe(FailureReason.StepFaulted);
        deployment.FailureMessage!.ShouldStartWith("What was built was gone three times before it could be published.");

        // Still lost, three more builds; from then on it is there.
        await platform.Bus.Publish(new ReplayDeployment { DeploymentId = id, RequestedBy = "operator" });
        await platform.WaitForAsync(id, x => x.CurrentState == DeploymentStates.Faulted && x.Attempt > deployment.Attempt, "faulted again");
        platform.Workers.Count(Step.BuildImage).ShouldBe(6);
        platform.Workers.Count(Step.PublishImage).ShouldBe(7);
        platform.Workers.Instead = LoseFirst(platform.Workers.Count(Step.BuildImage));
        await platform.Bus.Publish(new ReplayDeployment { DeploymentId = id, RequestedBy = "operator" });
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        platform.Workers.Count(Step.BuildImage).ShouldBe(7);

        Func<IStepCommand, ConsumeContext, Task<bool>> LoseFirst(int builds) => async (command, context) =>
        {
            if (command is not PublishImage || platform.Workers.Count(Step.BuildImage) > builds)
                return false;
            await context.Publish(new BuiltImageLost { DeploymentId = command.DeploymentId, Attempt = command.Attempt, LogId = Guid.NewGuid(), LogBatches = 0 });
            return true;
        };
    }

    [Theory]
    [InlineData(Step.DownloadCode)]
    [InlineData(Step.ValidateConfiguration)]
    [InlineData(Step.BuildImage)]
    [InlineData(Step.PublishImage)]
    [InlineData(Step.DeployRelease)]
    [InlineData(Step.ResolveUrl)]
    public async Task After_a_restart_a_deployment_goes_on_from_its_step(string step)
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(step);
        var id = await platform.RequestAsync(app);
        await Platform.UntilAsync(() => platform.Workers.Count(step) == 1, "the step began");
        await platform.WaitForAsync(id, x => x.Step == step, step);

        await platform.RestartAsync();

        var deployment = await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        platform.Workers.Received.First().Step.ShouldBe(step);
        deployment.Steps.ShouldAllBe(record => record.Attempt == 1);
        (await platform.ReleasesAsync(app)).ShouldHaveSingleItem();
    }
}
