using System.Net;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;

namespace Paas.Faults.Tests;

/// <summary>What the deployments say and what the error queues hold is the same again, whatever happened to the queues.</summary>
[Collection(OnRealServers.Name)]
public sealed class AgreementTests(RealServers servers)
{
    private static readonly string Queue = Endpoints.QueueFor(Step.BuildImage);
    private static readonly string ErrorQueue = DeadQueues.OfStep(Step.BuildImage);

    [Fact]
    public async Task A_dead_message_that_was_removed_by_hand_is_there_again_and_its_fault_can_be_replayed()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");

        (await platform.TakeAsync(ErrorQueue)).ShouldHaveSingleItem();

        await platform.UntilCountAsync(ErrorQueue, 1);
        var detail = await platform.GetAsync<FaultDetailResponse>($"/v1/admin/faults/{id}");
        detail.DeadMessage.ShouldNotBeNull(detail.DeadMessageMissing);
        (detail.DeadMessage.DeploymentId, detail.DeadMessage.Attempt, detail.DeadMessage.Remade).ShouldBe((id, 1, true));
        detail.DeadMessage.Headers["MT-Fault-Message"].ShouldBe("The engine is away.");
        detail.DeadMessage.Headers["MT-Reason"].ShouldBe("fault");
        detail.DeadMessage.MessageType.ShouldBe(nameof(BuildImage));

        platform.Workers.Mend(Step.BuildImage);
        await platform.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/replay");
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await platform.UntilCountAsync(ErrorQueue, 0);
    }

    [Fact]
    public async Task A_dead_message_that_is_moved_back_to_its_queue_by_hand_changes_nothing()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");
        platform.Workers.Mend(Step.BuildImage);

        var moved = (await platform.TakeAsync(ErrorQueue)).ShouldHaveSingleItem();
        await platform.PutAsync(Queue, moved);
        await platform.UntilCountAsync(Queue, 0);

        await platform.UntilCountAsync(ErrorQueue, 1);
        var still = await platform.GetAsync(id);
        (still.State, still.Attempt, still.Release).ShouldBe((DeploymentStates.Faulted, 1, null));
        await platform.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/replay");
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);

        // And once more, long after.
        await platform.PutAsync(Queue, moved);
        await platform.UntilCountAsync(Queue, 0);
        await platform.UntilCountAsync(ErrorQueue, 0);
        (await platform.GetAsync(id)).State.ShouldBe(DeploymentStates.Succeeded);
        (await platform.CountReleasesAsync("hello")).ShouldBe(1);
        platform.Workers.Done.Count(command => command is PublishImage).ShouldBe(1);
    }

    [Fact]
    public async Task A_dead_message_that_a_crash_left_behind_after_its_replay_is_removed()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");
        var left = (await platform.ReadAsync(ErrorQueue)).ShouldHaveSingleItem();
        platform.Workers.Mend(Step.BuildImage);
        await platform.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/replay");
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await platform.UntilCountAsync(ErrorQueue, 0);

        await platform.PutAsync(ErrorQueue, left);

        await platform.UntilCountAsync(ErrorQueue, 0);
        (await platform.GetAsync(id)).State.ShouldBe(DeploymentStates.Succeeded);
        (await platform.GetAsync<Page<DeadMessageResponse>>("/v1/admin/dead-messages")).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task Of_two_dead_messages_of_one_fault_one_is_kept()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");
        var dead = (await platform.ReadAsync(ErrorQueue)).ShouldHaveSingleItem();

        await platform.PutAsync(ErrorQueue, dead);
        await platform.PutAsync(ErrorQueue, dead);

        await platform.UntilCountAsync(ErrorQueue, 1);
        (await platform.ReadAsync(ErrorQueue)).ShouldHaveSingleItem().Body.ShouldBe(dead.Body);
        (await platform.GetAsync(id)).State.ShouldBe(DeploymentStates.Faulted);
    }

    [Fact]
    public async Task A_fault_whose_telling_got_lost_is_told_again()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var never = new TaskCompletionSource();
        platform.Workers.Hold(Step.BuildImage, never.Task);
        var id = await platform.DeployAsync("hello");
        await platform.WaitForAsync(id, DeploymentStates.BuildingImage);

        // A service of another version: the worker of this one can't read what it sends.
        await platform.PutAsync(Queue, nameof(BuildImage), new { deploymentId = id, step = Step.BuildImage, attempt = 1, newMember = "x" });

        var faulted = await platform.WaitForAsync(id, DeploymentStates.Faulted);
        faulted.Failure!.Message.ShouldStartWith("The worker could not read the command");
        var detail = await platform.GetAsync<FaultDetailResponse>($"/v1/admin/faults/{id}");
        detail.DeadMessage.ShouldNotBeNull(detail.DeadMessageMissing).Body!["message"]!["newMember"]!.GetValue<string>().ShouldBe("x");
        never.SetResult();
        platform.Workers.Mend(Step.BuildImage);
        await platform.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/replay");
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await platform.UntilCountAsync(ErrorQueue, 0);
    }

    [Fact]
    public async Task The_fault_of_a_removed_app_leaves_no_dead_message()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        await platform.FaultAsync("hello");

        (await platform.Client.DeleteAsync("/v1/apps/hello", TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

        await platform.UntilCountAsync(ErrorQueue, 0);
    }

    [Fact]
    public async Task A_step_that_took_too_long_has_a_dead_message_too()
    {
        await using var platform = await Platform.StartAsync(servers, ($"Steps:{Step.BuildImage}:Deadline", "00:00:01"), ($"Steps:{Step.BuildImage}:QueueTimeout", "00:00:01"));
        await platform.CreateAppAsync("hello");
        var never = new TaskCompletionSource();
        platform.Workers.Hold(Step.BuildImage, never.Task);
        var id = await platform.DeployAsync("hello");
        await platform.WaitForAsync(id, DeploymentStates.Faulted);

        await platform.UntilCountAsync(ErrorQueue, 1);

        var detail = await platform.GetAsync<FaultDetailResponse>($"/v1/admin/faults/{id}");
        (detail.Fault.Reason, detail.Fault.Attempt).ShouldBe((FailureReason.DeadlineExpired, 2));
        detail.DeadMessage.ShouldNotBeNull(detail.DeadMessageMissing);
        (detail.DeadMessage.Attempt, detail.DeadMessage.Remade, detail.DeadMessage.ExceptionType).ShouldBe((2, true, FailureReason.DeadlineExpired));
        platform.Workers.Mend(Step.BuildImage);
        never.SetResult();
        await platform.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/replay");
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await platform.UntilCountAsync(ErrorQueue, 0);
    }

    [Fact]
    public async Task Two_orchestrators_make_one_dead_message()
    {
        await using var platform = await Platform.StartAsync(servers);
        await using var other = await platform.StartAnotherAsync();
        await platform.CreateAppAsync("hello");
        other.Workers.Break(Step.BuildImage, () => new IOException("The engine is away."));
        var id = await platform.FaultAsync("hello");

        for (var round = 0; round < 3; round++)
        {
            (await platform.TakeAsync(ErrorQueue)).ShouldHaveSingleItem();
            await platform.UntilCountAsync(ErrorQueue, 1);
        }

        platform.Workers.Mend(Step.BuildImage);
        other.Workers.Mend(Step.BuildImage);
        await other.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/replay");
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await platform.UntilCountAsync(ErrorQueue, 0);
    }

    [Fact]
    public async Task A_broker_that_is_killed_changes_nothing()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");
        await platform.UntilCountAsync(ErrorQueue, 1);

        servers.Broker.Kill();
        var detail = await platform.GetAsync<FaultDetailResponse>($"/v1/admin/faults/{id}");
        (detail.DeadMessage, detail.DeadMessageMissing).ShouldSatisfyAllConditions(
            seen => seen.DeadMessage.ShouldBeNull(), seen => seen.DeadMessageMissing.ShouldNotBeNull().ShouldContain("RabbitMQ does not answer"));
        (await platform.SendAsync($"/v1/admin/dead-messages/{id}/discard", new { reason = "A test." })).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        platform.Workers.Mend(Step.BuildImage);
        // Accepted all the same: it is stored, and sent when the broker is there again.
        await platform.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/replay");
        await servers.Broker.StartAsync();

        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await platform.UntilCountAsync(ErrorQueue, 0);
        (await platform.ActionsAsync(id)).ShouldHaveSingleItem();
    }
}
