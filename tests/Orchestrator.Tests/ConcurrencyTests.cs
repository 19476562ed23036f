using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Orchestrator.Tests;

public sealed class ConcurrencyTests
{
    [Fact]
    public async Task While_one_deployment_is_past_validation_the_next_waits_and_newer_ones_supersede_it()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(Step.BuildImage);
        var first = await platform.RequestAsync(app);
        await platform.WaitForAsync(first, DeploymentStates.BuildingImage);
        var second = await platform.RequestAsync(app);
        await platform.WaitForAsync(second, DeploymentStates.WaitingForTurn);
        var third = await platform.RequestAsync(app);

        (await platform.WaitForAsync(second, DeploymentStates.Superseded)).SupersededBy.ShouldBe(third);
        await platform.WaitForAsync(third, DeploymentStates.WaitingForTurn);
        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await platform.Bus.Publish(Workers.Success(platform.Workers.Received.Single(command => command is BuildImage)));

        await platform.WaitForAsync(first, DeploymentStates.Succeeded);
        (await platform.WaitForAsync(third, DeploymentStates.Succeeded)).Release.ShouldBe(2);
        platform.Workers.Received.OfType<BuildImage>().Select(build => build.DeploymentId).ShouldBe([first, third]);
    }

    [Fact]
    public async Task With_the_policy_queue_all_are_deployed_one_after_the_other()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.Queue);
        platform.Workers.Hold(Step.BuildImage);
        var first = await platform.RequestAsync(app);
        await platform.WaitForAsync(first, DeploymentStates.BuildingImage);
        var second = await platform.RequestAsync(app);
        await platform.WaitForAsync(second, DeploymentStates.WaitingForTurn);
        var third = await platform.RequestAsync(app);
        await platform.WaitForAsync(third, DeploymentStates.WaitingForTurn);

        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await platform.Bus.Publish(Workers.Success(platform.Workers.Received.Single(command => command is BuildImage)));

        foreach (var (id, release) in new[] { (first, 1), (second, 2), (third, 3) })
            (await platform.WaitForAsync(id, DeploymentStates.Succeeded)).Release.ShouldBe(release);
    }

    [Fact]
    public async Task With_the_policy_queue_a_newer_one_that_is_validated_first_waits_for_the_older()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.Queue);
        platform.Workers.Hold(Step.ValidateConfiguration);
        var older = await platform.RequestAsync(app);
        await Platform.UntilAsync(() => platform.Workers.Count(Step.ValidateConfiguration) == 1, "the older is being validated");
        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        var newer = await platform.RequestAsync(app);
        await platform.WaitForAsync(newer, DeploymentStates.WaitingForTurn);

        await platform.Bus.Publish(Workers.Success(platform.Workers.Received.Single(command => command is ValidateConfiguration && command.DeploymentId == older)));

        (await platform.WaitForAsync(older, DeploymentStates.Succeeded)).Release.ShouldBe(1);
        (await platform.WaitForAsync(newer, DeploymentStates.Succeeded)).Release.ShouldBe(2);
    }

    [Fact]
    public async Task With_the_policy_queue_an_older_one_that_comes_to_nothing_holds_nobody_up()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.Queue);
        platform.Workers.Hold(Step.ValidateConfiguration);
        var older = await platform.RequestAsync(app);
        await Platform.UntilAsync(() => platform.Workers.Count(Step.ValidateConfiguration) == 1, "the older is being validated");
        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        var newer = await platform.RequestAsync(app);
        await platform.WaitForAsync(newer, DeploymentStates.WaitingForTurn);

        await platform.Bus.Publish(new ConfigurationRejected
        {
            DeploymentId = older,
            Attempt = 1,
            LogId = Guid.NewGuid(),
            LogBatches = 0,
            Reason = FailureReason.ManifestInvalid,
            Message = "The manifest is not valid.",
        });

        await platform.WaitForAsync(older, DeploymentStates.Failed);
        (await platform.WaitForAsync(newer, DeploymentStates.Succeeded)).Release.ShouldBe(1);
    }

    [Fact]
    public async Task With_the_policy_cancel_running_the_running_one_is_canceled()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.CancelRunning);
        platform.Workers.Hold(Step.BuildImage);
        var first = await platform.RequestAsync(app);
        await platform.WaitForAsync(first, DeploymentStates.BuildingImage);
        await Platform.UntilAsync(() => platform.Workers.Received.Any(x => x is BuildImage && x.DeploymentId == first), "the first builds");
        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        var second = await platform.RequestAsync(app);
        await platform.WaitForAsync(first, DeploymentStates.Canceling);
        await platform.Bus.Publish(new StepStopped { DeploymentId = first, Step = Step.BuildImage, Attempt = 1 });

        await platform.WaitForAsync(first, DeploymentStates.Canceled);
        await platform.WaitForAsync(second, DeploymentStates.Succeeded);
    }

    [Fact]
    public async Task Ten_pushes_at_once_end_in_one_success_of_the_newest()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(Step.ValidateConfiguration);
        var ids = new List<Guid>();
        for (var i = 0; i < 10; i++)
            ids.Add(await platform.RequestAsync(app));
        foreach (var id in ids[..9])
            (await platform.WaitForAsync(id, DeploymentStates.Superseded)).SupersededBy.ShouldNotBeNull();
        await platform.WaitForAsync(ids[9], DeploymentStates.ValidatingConfiguration);
        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await Platform.UntilAsync(() => platform.Workers.Received.Any(x => x is ValidateConfiguration && x.DeploymentId == ids[9]), "the newest validates");
        await platform.Bus.Publish(Workers.Success(platform.Workers.Received.Single(x => x is ValidateConfiguration && x.DeploymentId == ids[9])));

        await platform.WaitForAsync(ids[9], DeploymentStates.Succeeded);
        (await platform.ReleasesAsync(app)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_replayed_deployment_never_brings_old_code_back()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Fault(Step.BuildImage);
        var old = await platform.RequestAsync(app);
        await platform.WaitForAsync(old, DeploymentStates.Faulted);
        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        var @new = await platform.RequestAsync(app);
        await platform.WaitForAsync(@new, DeploymentStates.Succeeded);

        await platform.Bus.Publish(new ReplayDeployment { DeploymentId = old, RequestedBy = "operator" });

        (await platform.WaitForAsync(old, DeploymentStates.Superseded)).SupersededBy.ShouldBe(@new);
        (await platform.ReleasesAsync(app)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Canceling_a_working_deployment_waits_for_the_worker_to_stop_and_lets_the_next_go_on()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.Queue);
        platform.Workers.Hold(Step.DeployRelease);
        var first = await platform.RequestAsync(app);
        await platform.WaitForAsync(first, DeploymentStates.DeployingRelease);
        var second = await platform.RequestAsync(app);
        await platform.WaitForAsync(second, DeploymentStates.WaitingForTurn);
        platform.Workers.Instead = (_, _) => Task.FromResult(false);

        await platform.Bus.Publish(new CancelDeployment { DeploymentId = first, RequestedBy = "me" });
        await platform.WaitForAsync(first, DeploymentStates.Canceling);
        await platform.Bus.Publish(new StepStopped { DeploymentId = first, Step = Step.DeployRelease, Attempt = 1 });

        await platform.WaitForAsync(first, DeploymentStates.Canceled);
        (await platform.WaitForAsync(second, DeploymentStates.Succeeded)).Release.ShouldBe(2);
        (await platform.ReleasesAsync(app)).Select(release => release.State).ShouldBe([ReleaseStates.Failed, ReleaseStates.Live]);
    }

    [Fact]
    public async Task A_cancelation_that_comes_too_late_says_so()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(Step.DeployRelease);
        var id = await platform.RequestAsync(app);
        await platform.WaitForAsync(id, DeploymentStates.DeployingRelease);
        await platform.Bus.Publish(new CancelDeployment { DeploymentId = id, RequestedBy = "me" });
        await platform.WaitForAsync(id, DeploymentStates.Canceling);
        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await Platform.UntilAsync(() => platform.Workers.Count(Step.DeployRelease) == 1, "the step began");
        await platform.Bus.Publish(Workers.Success(platform.Workers.Received.Single(x => x is DeployRelease)));

        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        (await platform.LogAsync(id)).ShouldContain("too late");
    }

    [Fact]
    public async Task Two_waiting_deployments_survive_a_restart()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.Queue);
        platform.Workers.Hold(Step.BuildImage);
        var ids = new[] { await platform.RequestAsync(app), await platform.RequestAsync(app), await platform.RequestAsync(app) };
        await platform.WaitForAsync(ids[1], DeploymentStates.WaitingForTurn);
        await platform.WaitForAsync(ids[2], DeploymentStates.WaitingForTurn);

        await platform.RestartAsync();

        foreach (var id in ids)
            await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        (await platform.ReleasesAsync(app)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task New_config_vars_reuse_the_live_image_and_do_not_supersede_a_waiting_push()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Succeeded);
        // Held here, it has its release already, with the config vars of before.
        platform.Workers.Hold(Step.DeployRelease);
        var push = await platform.RequestAsync(app);
        await Platform.UntilAsync(() => platform.Workers.Count(Step.DeployRelease) == 2, "the release was sent");
        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await platform.SetConfigVarAsync(app, "COLOR", "red");
        var change = await platform.RequestAsync(app, DeploymentTriggers.ConfigChange, x => x.Description = "Set COLOR");
        await platform.WaitForAsync(change, DeploymentStates.WaitingForTurn);
        await platform.Bus.Publish(Workers.Success(platform.Workers.Received.Last(x => x is DeployRelease)));

        await platform.WaitForAsync(push, DeploymentStates.Succeeded);
        await platform.WaitForAsync(change, DeploymentStates.Succeeded);
        var releases = await platform.ReleasesAsync(app);
        releases.Select(release => release.Version).ShouldBe([1, 2, 3]);
        releases[2].Commit.ShouldBe(releases[1].Commit);
        releases[2].Description.ShouldBe("Set COLOR");
        platform.Workers.Count(Step.BuildImage).ShouldBe(2);
    }

    [Fact]
    public async Task A_rollback_is_a_new_release_of_the_old_image_without_a_build()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Succeeded);
        await platform.WaitForAsync(await platform.RequestAsync(app), DeploymentStates.Succeeded);

        var rollback = await platform.RequestAsync(app, DeploymentTriggers.Rollback, x => x.RollbackTo = 1);

        (await platform.WaitForAsync(rollback, DeploymentStates.Succeeded)).Release.ShouldBe(3);
        platform.Workers.Count(Step.BuildImage).ShouldBe(2);
        var releases = await platform.ReleasesAsync(app);
        releases[2].Commit.ShouldBe(releases[0].Commit);
        releases[2].Description.ShouldBe("Rollback to v1");
        releases.Select(release => release.State).ShouldBe([ReleaseStates.Retired, ReleaseStates.Retired, ReleaseStates.Live]);
        (await platform.InDbAsync(db => db.Environments.SingleAsync())).LiveRelease.ShouldBe(3);
    }
}
