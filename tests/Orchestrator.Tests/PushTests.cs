using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Tests;

public sealed class PushTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    [Fact]
    public async Task A_push_to_the_deployed_branch_leads_to_one_deployment_of_its_commit()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();

        var delivery = await PushAsync(platform, app, "refs/heads/main", Commit.ToUpperInvariant());

        delivery.Decision.ShouldBe(DeliveryDecisions.Deployed);
        delivery.Reason.ShouldBe("Deploys 0123456 to production.");
        var deployment = await platform.WaitForAsync(delivery.DeploymentId!.Value, DeploymentStates.Succeeded);
        deployment.Commit.ShouldBe(Commit);
        deployment.Trigger.ShouldBe(DeploymentTriggers.Push);
    }

    [Theory]
    [InlineData("refs/heads/feature/login", "The branch 'feature/login' is not deployed: hello deploys 'main'.")]
    [InlineData("refs/heads/Main", "The branch 'Main' is not deployed: hello deploys 'main'.")]
    public async Task A_push_to_another_branch_is_ignored_with_a_reason(string @ref, string reason)
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();

        var delivery = await PushAsync(platform, app, @ref, Commit);

        delivery.Decision.ShouldBe(DeliveryDecisions.Ignored);
        delivery.Reason.ShouldBe(reason);
        delivery.DeploymentId.ShouldBeNull();
    }

    [Fact]
    public async Task The_same_push_by_two_webhooks_has_one_deployment()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();

        var deliveries = await Task.WhenAll(PushAsync(platform, app, "refs/heads/main", Commit), PushAsync(platform, app, "refs/heads/main", Commit));

        deliveries.Select(delivery => delivery.Decision).Order().ShouldBe([DeliveryDecisions.Deployed, DeliveryDecisions.Duplicate]);
        deliveries.Select(delivery => delivery.DeploymentId).Distinct().ShouldHaveSingleItem();
        (await platform.InDbAsync(db => db.Deployments.CountAsync())).ShouldBe(1);
    }

    [Fact]
    public async Task Going_back_to_an_older_commit_by_force_deploys_it_again()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        foreach (var commit in new[] { Commit, new string('b', 40), Commit })
        {
            var delivery = await PushAsync(platform, app, "refs/heads/main", commit);
            delivery.Decision.ShouldBe(DeliveryDecisions.Deployed);
            await platform.WaitForAsync(delivery.DeploymentId!.Value, DeploymentStates.Succeeded);
        }

        (await platform.ReleasesAsync(app)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_commit_that_failed_is_deployed_again_when_it_is_pushed_again()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Fail(Step.BuildImage);
        var first = await PushAsync(platform, app, "refs/heads/main", Commit);
        await platform.WaitForAsync(first.DeploymentId!.Value, DeploymentStates.Failed);
        platform.Workers.Instead = (_, _) => Task.FromResult(false);

        var second = await PushAsync(platform, app, "refs/heads/main", Commit);

        await platform.WaitForAsync(second.DeploymentId!.Value, DeploymentStates.Succeeded);
    }

    [Fact]
    public async Task A_push_that_is_heard_of_before_an_older_one_does_not_overtake_it()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.Queue);
        var older = await StoreAsync(platform, app, "refs/heads/main", new string('a', 40));
        var newer = await StoreAsync(platform, app, "refs/heads/main", new string('b', 40));

        await platform.Bus.Publish(new PushReceived { DeliveryId = newer });
        await DecidedAsync(platform, newer);
        await platform.Bus.Publish(new PushReceived { DeliveryId = older });

        var first = (await DecidedAsync(platform, older)).DeploymentId!.Value;
        var second = (await DecidedAsync(platform, newer)).DeploymentId!.Value;
        (await platform.WaitForAsync(first, DeploymentStates.Succeeded)).Release.ShouldBe(1);
        (await platform.WaitForAsync(second, DeploymentStates.Succeeded)).Release.ShouldBe(2);
        (await platform.InDbAsync(db => db.Deployments.CountAsync())).ShouldBe(2);
    }

    [Fact]
    public async Task Pushes_heard_of_in_any_order_end_with_the_newest_live()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        var deliveries = new List<Guid>();
        for (var i = 0; i < 6; i++)
            deliveries.Add(await StoreAsync(platform, app, "refs/heads/main", new string((char)('a' + i), 40)));

        foreach (var delivery in Enumerable.Reverse(deliveries))
            await platform.Bus.Publish(new PushReceived { DeliveryId = delivery });

        var newest = await DecidedAsync(platform, deliveries[^1]);
        await platform.WaitForAsync(newest.DeploymentId!.Value, DeploymentStates.Succeeded);
        foreach (var delivery in deliveries)
            (await DecidedAsync(platform, delivery)).Decision.ShouldBe(DeliveryDecisions.Deployed);
        (await platform.ReleasesAsync(app)).MaxBy(release => release.Version)!.Commit.ShouldBe(new string('f', 40));
    }

    [Fact]
    public async Task A_push_that_was_not_decided_on_before_the_process_died_is_decided_on_after_the_restart()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        var id = await StoreAsync(platform, app, "refs/heads/main", Commit);

        await platform.RestartAsync();

        var delivery = await DecidedAsync(platform, id);
        await platform.WaitForAsync(delivery.DeploymentId!.Value, DeploymentStates.Succeeded);
    }

    private static async Task<Delivery> PushAsync(Platform platform, App app, string @ref, string commit)
    {
        var id = await StoreAsync(platform, app, @ref, commit);
        await platform.Bus.Publish(new PushReceived { DeliveryId = id });
        return await DecidedAsync(platform, id);
    }

    private static async Task<Guid> StoreAsync(Platform platform, App app, string @ref, string commit)
    {
        var delivery = new Delivery
        {
            Id = NewId.NextGuid(),
            DeliveryId = Guid.NewGuid().ToString(),
            AppId = app.Id,
            AppName = app.Name,
            Event = "push",
            Ref = @ref,
            Before = new string('a', 40),
            After = commit,
            ReceivedAt = DateTime.UtcNow,
            Decision = DeliveryDecisions.Pending,
            Reason = "",
        };
        await platform.InDbAsync(async db =>
        {
            db.Deliveries.Add(delivery);
            return await db.SaveChangesAsync();
        });
        return delivery.Id;
    }

    private static async Task<Delivery> DecidedAsync(Platform platform, Guid id)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (true)
        {
            var delivery = await platform.InDbAsync(db => db.Deliveries.AsNoTracking().SingleAsync(x => x.Id == id));
            if (delivery.Decision != DeliveryDecisions.Pending)
                return delivery;
            DateTime.UtcNow.ShouldBeLessThan(deadline);
            await Task.Delay(20);
        }
    }
}
