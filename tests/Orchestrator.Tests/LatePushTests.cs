using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Tests;

public sealed class LatePushTests
{
    private static readonly string First = new('1', 40);
    private static readonly string Second = new('2', 40);
    private static readonly string Third = new('3', 40);

    [Fact]
    public async Task A_late_push_does_not_bring_back_old_code()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Head = _ => Third;
        var live = await SucceedAsync(platform, app, Second, Third);

        var late = await PushAsync(platform, app, First, Second);

        var overtaken = await platform.WaitForAsync(late.DeploymentId!.Value, DeploymentStates.Superseded);
        overtaken.SupersededBy.ShouldBe(live);
        overtaken.SupersededByCommit.ShouldBe(Third);
        overtaken.SupersededReason.ShouldBe(
            $"2222222 is not what the branch 'main' points to: that is 3333333, of deployment {live}. Deploy the commit {Second} itself if you want it all the same.");
        (await platform.LogAsync(overtaken.CorrelationId)).ShouldContain("Superseded: 2222222 is not what the branch 'main' points to");
        var delivery = await DeliveryAsync(platform, late.Id);
        delivery.Decision.ShouldBe(DeliveryDecisions.Superseded);
        delivery.Reason.ShouldBe(overtaken.SupersededReason);
        (await platform.ReleasesAsync(app)).Select(release => release.Commit).ShouldBe([Third]);
    }

    [Fact]
    public async Task A_push_of_a_branch_that_was_deleted_says_so()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Head = _ => null;

        var delivery = await PushAsync(platform, app, First, Second);

        var ended = await platform.WaitForAsync(delivery.DeploymentId!.Value, DeploymentStates.Superseded);
        ended.SupersededBy.ShouldBeNull();
        ended.SupersededReason!.ShouldStartWith("The branch 'main' does not exist any more");
    }

    [Fact]
    public async Task A_late_push_does_not_overtake_a_newer_one_that_is_in_progress()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Head = _ => Third;
        platform.Workers.Hold(Step.ValidateConfiguration);
        var newer = await PushAsync(platform, app, Second, Third);
        await platform.WaitForAsync(newer.DeploymentId!.Value, DeploymentStates.ValidatingConfiguration);
        platform.Workers.Hold(Step.DownloadCode);
        var late = await PushAsync(platform, app, First, Second);
        await platform.WaitForAsync(late.DeploymentId!.Value, DeploymentStates.DownloadingCode);

        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await platform.Bus.Publish(Workers.Success(platform.Workers.Received.Single(command => command is ValidateConfiguration)));

        await platform.WaitForAsync(newer.DeploymentId.Value, DeploymentStates.Succeeded);
        var held = platform.Workers.Received.OfType<DownloadCode>().Last();
        await platform.Bus.Publish(new CodeOvertaken { DeploymentId = held.DeploymentId, Attempt = held.Attempt, LogId = Guid.NewGuid(), LogBatches = 0, Head = Third });
        (await platform.WaitForAsync(late.DeploymentId.Value, DeploymentStates.Superseded)).SupersededBy.ShouldBe(newer.DeploymentId);
    }

    [Fact]
    public async Task A_push_supersedes_an_older_one_as_soon_as_its_branch_points_to_it()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(Step.ValidateConfiguration);
        var older = await PushAsync(platform, app, First, Second);
        await platform.WaitForAsync(older.DeploymentId!.Value, DeploymentStates.ValidatingConfiguration);

        var newer = await PushAsync(platform, app, Second, Third);

        (await platform.WaitForAsync(older.DeploymentId.Value, DeploymentStates.Superseded)).SupersededBy.ShouldBe(newer.DeploymentId);
    }

    [Fact]
    public async Task A_forced_push_back_is_deployed_though_its_commit_was_deployed_before()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Head = asked => asked.Commit;
        await SucceedAsync(platform, app, First, Second);
        await SucceedAsync(platform, app, Second, Third);

        await SucceedAsync(platform, app, Third, Second);

        (await platform.ReleasesAsync(app)).Select(release => release.Commit).ShouldBe([Second, Third, Second]);
    }

    [Fact]
    public async Task A_commit_pushed_again_while_its_branch_is_looked_at_is_looked_at_again()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(Step.DownloadCode);
        var first = await PushAsync(platform, app, First, Second);
        await Platform.UntilAsync(() => platform.Workers.Count(Step.DownloadCode) == 1, "the branch is being looked at");
        var second = await PushAsync(platform, app, Third, Second);
        second.DeploymentId.ShouldBe(first.DeploymentId);

        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        var asked = platform.Workers.Received.OfType<DownloadCode>().Single();
        await platform.Bus.Publish(new CodeOvertaken { DeploymentId = asked.DeploymentId, Attempt = asked.Attempt, LogId = Guid.NewGuid(), LogBatches = 0, Head = Third });

        await platform.WaitForAsync(first.DeploymentId!.Value, DeploymentStates.Succeeded);
        platform.Workers.Count(Step.DownloadCode).ShouldBe(2);
    }

    [Fact]
    public async Task With_the_policy_queue_a_push_in_its_order_is_deployed_though_the_next_has_come()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.Queue);
        platform.Workers.Head = _ => Third;

        await SucceedAsync(platform, app, First, Second);
        await SucceedAsync(platform, app, Second, Third);
        var late = await PushAsync(platform, app, First, Second);

        await platform.WaitForAsync(late.DeploymentId!.Value, DeploymentStates.Superseded);
        (await platform.ReleasesAsync(app)).Select(release => release.Commit).ShouldBe([Second, Third]);
    }

    [Fact]
    public async Task What_a_person_asks_for_is_not_compared_with_the_branch()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Head = _ => Third;
        await SucceedAsync(platform, app, Second, Third);

        var chosen = await platform.RequestAsync(app, DeploymentTriggers.Manual, x => x.Commit = First);

        await platform.WaitForAsync(chosen, DeploymentStates.Succeeded);
        platform.Workers.Received.OfType<DownloadCode>().Last().OnlyIfHead.ShouldBeFalse();
    }

    [Fact]
    public async Task A_late_push_that_faulted_does_not_bring_back_old_code_when_it_is_replayed()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Head = _ => Third;
        await SucceedAsync(platform, app, Second, Third);
        platform.Workers.Fault(Step.DownloadCode);
        var late = await PushAsync(platform, app, First, Second);
        await platform.WaitForAsync(late.DeploymentId!.Value, DeploymentStates.Faulted);

        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await platform.Bus.Publish(new ReplayDeployment { DeploymentId = late.DeploymentId.Value, RequestedBy = "test" });

        await platform.WaitForAsync(late.DeploymentId.Value, DeploymentStates.Superseded);
    }

    [Fact]
    public async Task A_push_that_is_left_out_is_ignored_with_its_reason()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();

        var skipped = await PushAsync(platform, app, First, Second, "Not wanted.");

        skipped.Decision.ShouldBe(DeliveryDecisions.Ignored);
        skipped.Reason.ShouldBe("Not wanted.");
        skipped.DeploymentId.ShouldBeNull();
    }

    [Fact]
    public async Task A_push_is_deployed_though_another_that_is_left_out_has_come_onto_it()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Head = _ => Third;
        await PushAsync(platform, app, Second, Third, "Not wanted.");

        await SucceedAsync(platform, app, First, Second);

        (await platform.ReleasesAsync(app)).Select(release => release.Commit).ShouldBe([Second]);
    }

    [Fact]
    public async Task A_push_that_was_overtaken_by_one_that_turns_out_to_be_left_out_is_deployed_after_all()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Head = _ => Third;
        var overtaken = await PushAsync(platform, app, First, Second);
        await platform.WaitForAsync(overtaken.DeploymentId!.Value, DeploymentStates.Superseded);

        var skipped = await PushAsync(platform, app, Second, Third, "Not wanted.");

        skipped.Decision.ShouldBe(DeliveryDecisions.Ignored);
        var delivery = await DeliveryAsync(platform, overtaken.Id);
        delivery.Decision.ShouldBe(DeliveryDecisions.Deployed);
        delivery.DeploymentId.ShouldNotBe(overtaken.DeploymentId);
        (await platform.WaitForAsync(delivery.DeploymentId!.Value, DeploymentStates.Succeeded)).Commit.ShouldBe(Second);
    }

    private static async Task<Guid> SucceedAsync(Platform platform, App app, string before, string after)
    {
        var delivery = await PushAsync(platform, app, before, after);
        delivery.Decision.ShouldBe(DeliveryDecisions.Deployed);
        await platform.WaitForAsync(delivery.DeploymentId!.Value, DeploymentStates.Succeeded);
        return delivery.DeploymentId.Value;
    }

    private static async Task<Delivery> PushAsync(Platform platform, App app, string before, string after, string? skipReason = null)
    {
        var delivery = new Delivery
        {
            Id = NewId.NextGuid(),
            DeliveryId = Guid.NewGuid().ToString(),
            SignatureHash = Guid.NewGuid().ToString(),
            AppId = app.Id,
            AppName = app.Name,
            Event = "push",
            Ref = "refs/heads/main",
            Before = before,
            After = after,
            SkipReason = skipReason,
            ReceivedAt = DateTime.UtcNow,
            Decision = DeliveryDecisions.Pending,
            Reason = "",
        };
        await platform.InDbAsync(async db =>
        {
            db.Deliveries.Add(delivery);
            return await db.SaveChangesAsync();
        });
        await platform.Bus.Publish(new PushReceived { DeliveryId = delivery.Id });
        var decided = delivery;
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (decided.Decision == DeliveryDecisions.Pending)
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline);
            await Task.Delay(20);
            decided = await DeliveryAsync(platform, delivery.Id);
        }

        return decided;
    }

    private static Task<Delivery> DeliveryAsync(Platform platform, Guid id) => platform.InDbAsync(db => db.Deliveries.AsNoTracking().SingleAsync(x => x.Id == id));
}
