using System.Net;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using RabbitMQ.Client;

namespace Paas.Faults.Tests;

/// <summary>Messages that nobody can consume stop nobody, and wait for the operator.</summary>
[Collection(OnRealServers.Name)]
public sealed class PoisonTests(RealServers servers)
{
    private static readonly string Queue = Endpoints.QueueFor(Step.BuildImage);
    private static readonly string ErrorQueue = DeadQueues.OfStep(Step.BuildImage);

    [Fact]
    public async Task Poison_ends_as_a_dead_message_stops_no_one_else_and_can_be_discarded()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var (old, unknown) = (Guid.NewGuid(), Guid.NewGuid());
        await platform.PutAsync(Queue, new RawMessage(
            new BasicProperties { ContentType = "application/vnd.masstransit+json", Persistent = true }, """{"message": {"password": "hunter2", "oops"""));
        await platform.PutAsync(Queue, nameof(BuildImage), new { deploymentId = Guid.NewGuid(), attempt = 1, registryPassword = "hunter2" }, old);
        await platform.PutAsync(Queue, "BakeCake", new { cake = "cheese" }, unknown);

        await platform.WaitForAsync(await platform.DeployAsync("hello"), DeploymentStates.Succeeded);
        await platform.UntilCountAsync(ErrorQueue, 2);
        await platform.UntilCountAsync(Queue + "_skipped", 1);
        await platform.UntilCountAsync(Queue, 0);

        var dead = (await platform.GetAsync<Page<DeadMessageResponse>>("/v1/admin/dead-messages")).Items;
        dead.Count.ShouldBe(3);
        var unreadable = dead.Single(message => message.MessageId != old && message.MessageId != unknown);
        (unreadable.Queue, unreadable.Body, unreadable.DeploymentId).ShouldBe((ErrorQueue, null, null));
        unreadable.Text.ShouldBe("""{"message": {"password": ***, "oops""");
        dead.Single(message => message.MessageId == old).Body!["message"]!["registryPassword"]!.GetValue<string>().ShouldBe("***");
        dead.Single(message => message.MessageId == unknown).MessageType.ShouldBe("BakeCake");
        (await platform.GetAsync<Page<FaultResponse>>("/v1/admin/faults")).Items.ShouldBeEmpty();

        foreach (var message in dead)
        {
            (await platform.SendAsync($"/v1/admin/dead-messages/{message.MessageId}/discard", new { })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            (await platform.SendAsync($"/v1/admin/dead-messages/{message.MessageId}/discard", new { reason = "A test." })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
            (await platform.SendAsync($"/v1/admin/dead-messages/{message.MessageId}/discard", new { reason = "A test." })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        await platform.UntilCountAsync(ErrorQueue, 0);
        await platform.UntilCountAsync(Queue + "_skipped", 0);
        var actions = (await platform.GetAsync<Page<OperatorActionResponse>>("/v1/admin/actions")).Items;
        actions.Select(action => (action.Action, action.Reason)).ShouldBe(Enumerable.Repeat((OperatorActions.DiscardMessage, (string?)"A test."), 3));
        actions.Select(action => action.MessageId).ShouldBe(dead.Select(message => (Guid?)message.MessageId), ignoreOrder: true);
    }

    [Fact]
    public async Task The_dead_message_of_a_fault_is_discarded_only_with_its_deployment()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.CreateAppAsync("hello");
        var id = await platform.FaultAsync("hello");
        var message = (await platform.GetAsync<FaultDetailResponse>($"/v1/admin/faults/{id}")).DeadMessage!.MessageId;

        (await platform.SendAsync($"/v1/admin/dead-messages/{message}/discard", new { reason = "A test." })).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        (await platform.GetAsync<Page<DeadMessageResponse>>("/v1/admin/dead-messages")).Items.ShouldBeEmpty();
        (await platform.ReadAsync(ErrorQueue)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_page_of_dead_messages_goes_on_where_the_one_before_ended()
    {
        await using var platform = await Platform.StartAsync(servers);
        for (var i = 0; i < 5; i++)
            await platform.PutAsync(ErrorQueue, "BakeCake", new { number = i });

        var first = await platform.GetAsync<Page<DeadMessageResponse>>("/v1/admin/dead-messages?limit=3");
        var second = await platform.GetAsync<Page<DeadMessageResponse>>($"/v1/admin/dead-messages?limit=3&cursor={first.Next}");

        (first.Items.Count, second.Items.Count, second.Next).ShouldBe((3, 2, null));
        first.Items.Concat(second.Items).Select(message => message.Body!["message"]!["number"]!.GetValue<int>()).ShouldBe([4, 3, 2, 1, 0]);
    }

    [Fact]
    public async Task A_repository_token_is_masked_in_its_dead_message()
    {
        await using var platform = await Platform.StartAsync(servers);
        await platform.PostAsync<AppResponse>("/v1/apps", new { name = "hello", repository = "https://git.example/acme/hello", repositoryToken = "planted-token" });
        var id = await platform.FaultAsync("hello", Step.DownloadCode);

        var detail = await platform.Client.GetStringAsync($"/v1/admin/faults/{id}", TestContext.Current.CancellationToken);

        detail.ShouldContain("\"sealedRepositoryToken\":\"***\"");
        detail.ShouldNotContain("planted-token");
        (await platform.ReadAsync(DeadQueues.OfStep(Step.DownloadCode))).ShouldHaveSingleItem().Body.ShouldContain("sealedRepositoryToken");
    }
}
