using System.Net;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging.RabbitMq;

namespace Paas.Faults.Tests;

/// <summary>What an operator does about faults.</summary>
[Collection(OnRealServers.Name)]
public sealed class ReplayTests(RealServers servers)
{
    private static readonly string ErrorQueue = DeadQueues.OfStep(Step.BuildImage);

    [Fact]
    public async Task A_fault_lies_in_the_error_queue_and_is_replayed_to_success_after_the_cause_is_gone()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello", fault: () => new IOException("https://me:hunter2@engine.example is away."));

        var fault = (await platform.GetAsync<Page<FaultResponse>>("/v1/admin/faults")).Items.ShouldHaveSingleItem();
        (fault.Id, fault.App, fault.Step, fault.Attempt, fault.Replays).ShouldBe((id, "hello", Step.BuildImage, 1, 0));
        (fault.ExceptionType, fault.Message).ShouldBe(("System.IO.IOException", "https://***@engine.example is away."));
        (fault.Tries, fault.MaxTries).ShouldBe((4, 4));
        var detail = await platform.GetAsync<FaultDetailResponse>($"/v1/admin/faults/{id}");
        detail.DeadMessage.ShouldNotBeNull(detail.DeadMessageMissing);
        (detail.DeadMessage.Queue, detail.DeadMessage.DeploymentId, detail.DeadMessage.Attempt, detail.DeadMessage.Remade).ShouldBe((ErrorQueue, id, 1, false));
        detail.DeadMessage.Headers["MT-Fault-ExceptionType"].ShouldBe("System.IO.IOException");
        detail.DeadMessage.Headers["MT-Fault-Message"].ShouldBe("https://***@engine.example is away.");
        detail.DeadMessage.Body!["message"]!["app"]!.GetValue<string>().ShouldBe("hello");
        detail.Actions.ShouldBeEmpty();

        platform.Workers.Mend(Step.BuildImage);
        (await platform.SendAsync($"/v1/admin/faults/{id}/replay")).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await platform.UntilCountAsync(ErrorQueue, 0);
        platform.Workers.Done.Count(command => command is DownloadCode).ShouldBe(1);
        var action = (await platform.ActionsAsync(id)).ShouldHaveSingleItem();
        (action.Action, action.Step, action.Attempt, action.FromStep, action.By).ShouldBe((OperatorActions.Replay, Step.BuildImage, 1, Step.BuildImage, "admin"));
        (await platform.GetAsync<Page<FaultResponse>>("/v1/admin/faults")).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_second_replay_is_refused_and_leaves_no_record()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");
        platform.Workers.Mend(Step.BuildImage);
        (await platform.SendAsync($"/v1/admin/faults/{id}/replay")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);

        (await platform.SendAsync($"/v1/admin/faults/{id}/replay")).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        (await platform.ActionsAsync(id)).ShouldHaveSingleItem();
        (await platform.CountReleasesAsync("hello")).ShouldBe(1);
    }

    [Fact]
    public async Task Replays_that_several_clients_ask_for_at_once_take_effect_once()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");

        // Still broken: whoever were heard again would replay the second attempt.
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => platform.SendAsync($"/v1/admin/faults/{id}/replay")));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted).ShouldBeGreaterThan(0);
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Accepted || answer.StatusCode == HttpStatusCode.Conflict);
        await platform.WaitForAsync(id, found => found is { State: DeploymentStates.Faulted, Attempt: 2 }, "faulted again");
        await platform.UntilCountAsync(ErrorQueue, 1);
        (await platform.ActionsAsync(id)).ShouldHaveSingleItem();
        (await platform.GetAsync(id)).Attempt.ShouldBe(2);
        (await platform.GetAsync<FaultDetailResponse>($"/v1/admin/faults/{id}")).DeadMessage!.Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task A_replay_from_an_earlier_step_says_so_in_its_record()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello", Step.PublishImage);
        platform.Workers.Mend(Step.PublishImage);

        await platform.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/replay", new { from = Step.DownloadCode });

        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        platform.Workers.Done.Count(command => command is DownloadCode).ShouldBe(2);
        var action = (await platform.ActionsAsync(id)).ShouldHaveSingleItem();
        (action.Step, action.FromStep).ShouldBe((Step.PublishImage, Step.DownloadCode));
        await platform.UntilCountAsync(DeadQueues.OfStep(Step.PublishImage), 0);
    }

    [Fact]
    public async Task All_faults_of_a_step_of_an_app_and_of_a_time_are_replayed()
    {
        await using var platform = await Platform.StartAsync(servers);
        foreach (var app in (string[])["first", "second", "third"])
            await platform.CreateAppAsync(app, $"https://git.example/acme/{app}");
        var download = await platform.FaultAsync("first", Step.DownloadCode);
        platform.Workers.Mend(Step.DownloadCode);
        var second = await platform.FaultAsync("second");
        var between = DateTime.UtcNow;
        var third = await platform.FaultAsync("third");
        platform.Workers.Mend(Step.BuildImage);

        (await ReplayAsync(new { step = Step.BuildImage, until = between })).ShouldBe(1);
        await platform.WaitForAsync(second, DeploymentStates.Succeeded);
        (await platform.GetAsync(third)).State.ShouldBe(DeploymentStates.Faulted);
        (await ReplayAsync(new { app = "first", since = between })).ShouldBe(0);
        (await ReplayAsync(new { app = "first" })).ShouldBe(1);
        await platform.WaitForAsync(download, DeploymentStates.Succeeded);
        (await ReplayAsync(new { step = Step.DownloadCode })).ShouldBe(0);
        (await ReplayAsync(new { step = Step.BuildImage })).ShouldBe(1);
        await platform.WaitForAsync(third, DeploymentStates.Succeeded);

        await platform.UntilCountAsync(ErrorQueue, 0);
        await platform.UntilCountAsync(DeadQueues.OfStep(Step.DownloadCode), 0);
        var action = (await platform.ActionsAsync(third)).ShouldHaveSingleItem();
        (action.Action, action.Reason).ShouldBe((OperatorActions.ReplayMany, "all faults in BuildImage"));

        async Task<int> ReplayAsync(object which) => (await platform.PostAsync<ReplayManyResponse>("/v1/admin/faults/replay", which)).Replayed;
    }

    [Fact]
    public async Task A_fault_is_given_up_with_a_reason()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");

        await platform.PostAsync<DeploymentResponse>($"/v1/admin/faults/{id}/discard", new { reason = "The app is no longer needed." });

        await platform.WaitForAsync(id, DeploymentStates.Canceled);
        await platform.UntilCountAsync(ErrorQueue, 0);
        var action = (await platform.ActionsAsync(id)).ShouldHaveSingleItem();
        (action.Action, action.Step, action.Attempt, action.Reason, action.By)
            .ShouldBe((OperatorActions.Discard, Step.BuildImage, 1, "The app is no longer needed.", "admin"));
        (await platform.SendAsync($"/v1/admin/faults/{id}/replay")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await platform.GetAsync<Page<OperatorActionResponse>>("/v1/admin/actions")).Items.ShouldHaveSingleItem().DeploymentId.ShouldBe(id);
    }
}
