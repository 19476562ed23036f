using System.Text;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Steps;
using Paas.Servers;
using RabbitMQ.Client;

namespace Paas.Hosting.Tests.Messaging;

/// <summary>Looking into the error queues of a real RabbitMQ loses nothing.</summary>
public sealed class DeadMessageTests(RabbitMqServer broker) : IClassFixture<RabbitMqServer>, IAsyncLifetime
{
    private static readonly string Queue = DeadQueues.OfStep(Step.PublishImage);
    private readonly DeadMessages _dead = new(new RabbitMqOptions { Uri = broker.Uri }, keys: null);

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        await _dead.CountStepsAsync(Cancellation);
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        await channel.QueuePurgeAsync(Queue, Cancellation);
    }

    public ValueTask DisposeAsync()
    {
        _dead.Dispose();
        return ValueTask.CompletedTask;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_looked_at_stays_in_its_order_and_only_what_is_removed_is_gone()
    {
        await PutAsync([.. Enumerable.Range(0, 50).Select(i => $"{i}")]);
        for (var round = 0; round < 3; round++)
        {
            await using var look = await LookAsync();
            look.IsWhole.ShouldBeTrue();
            Bodies(look).ShouldBe(Enumerable.Range(0, 50).Select(i => $"{i}"));
        }

        await using (var look = await LookAsync())
            await look.RemoveAsync([.. look.Messages.Where(message => int.Parse(message.Body!, null) % 2 == 0)], Cancellation);

        await using var rest = await LookAsync();
        Bodies(rest).ShouldBe(Enumerable.Range(0, 50).Where(i => i % 2 == 1).Select(i => $"{i}"));
    }

    [Fact]
    public async Task Two_looks_at_once_hide_nothing_from_each_other()
    {
        await PutAsync("a", "b", "c");

        var counts = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            await using var look = await LookAsync();
            return look.Messages.Count;
        }));

        counts.ShouldAllBe(count => count == 3);
    }

    [Fact]
    public async Task A_broker_that_is_killed_in_the_middle_of_a_look_has_all_messages_afterwards()
    {
        await using var killed = await RabbitMqServer.StartNewAsync();
        using var dead = new DeadMessages(new RabbitMqOptions { Uri = killed.Uri }, keys: null);
        await dead.CountStepsAsync(Cancellation);
        await PutAsync(killed, "a", "b", "c");
        await using (var look = await LookAsync(dead))
        {
            look.Messages.Count.ShouldBe(3);
            killed.Kill();
            await Should.ThrowAsync<BrokerAwayException>(look.RemoveAsync(look.Messages.ToList(), Cancellation));
        }

        await Should.ThrowAsync<BrokerAwayException>(LookAsync(dead));
        await killed.StartAsync();

        await UntilAsync(async () =>
        {
            try
            {
                await using var look = await LookAsync(dead);
                return look.Messages.Select(message => message.Body).Order().SequenceEqual(["a", "b", "c"]);
            }
            catch (BrokerAwayException)
            {
                return false; // the queue is not there yet
            }
        }, "all three are there");
    }

    [Fact]
    public async Task What_can_be_read_of_a_message_is_read_and_what_can_not_has_an_id_all_the_same()
    {
        var (id, deployment) = (Guid.NewGuid(), Guid.NewGuid());
        await PutAsync("{ no json", $$"""
            {"messageId":"{{id}}","messageType":["urn:message:Paas.Contracts:PublishImage","urn:message:Paas.Contracts:IStepCommand"],
             "message":{"deploymentId":"{{deployment}}","attempt":3},"sentTime":"2026-01-31T08:00:00Z"}
            """);

        await using var look = await LookAsync();
        var (poison, good) = (look.Messages[0], look.Messages[1]);
        (good.Id, good.DeploymentId, good.Attempt, good.MessageType, good.Step).ShouldBe((id, deployment, 3, "PublishImage", Step.PublishImage));
        good.At.ShouldBe(new DateTime(2026, 1, 31, 8, 0, 0, DateTimeKind.Utc));
        (poison.DeploymentId, poison.Attempt, poison.MessageType, poison.At).ShouldBe((null, null, null, null));
        await look.DisposeAsync();
        await using var again = await LookAsync();
        again.Messages[0].Id.ShouldBe(poison.Id);
    }

    [Fact]
    public async Task Error_queues_are_the_same_whoever_makes_them_first()
    {
        // A worker made this one, since nobody had; then they are declared as they are everywhere else.
        await using (var connection = await ConnectAsync())
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
            await channel.QueueDeleteAsync(Queue, ifUnused: false, ifEmpty: false, cancellationToken: Cancellation);
            await channel.ExchangeDeleteAsync(Queue, cancellationToken: Cancellation);
        }

        using var host = BuildHost();
        await host.StartAsync(Cancellation);
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(Cancellation);
        var endpoint = await host.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(Step.PublishImage));
        for (uint round = 1; round <= 2; round++)
        {
            await endpoint.Send(new PublishImage
            {
                DeploymentId = NewId.NextGuid(),
                Attempt = 1,
                AppId = NewId.NextGuid(),
                App = "a",
                Target = Target.Local,
                Commit = new string('c', 40),
                ImageId = "image",
                Builder = "here",
            }, Cancellation);
            await UntilAsync(async () => await broker.CountAsync(Queue) == round, "the message is dead");
            (await _dead.CountStepsAsync(Cancellation))[Queue].ShouldBe(round);
        }

        await host.StopAsync(Cancellation);
        await using var look = await LookAsync();
        look.Messages.ShouldAllBe(message => message.Reason == "The registry is away." && message.ExceptionType == "System.IO.IOException" && message.At != null);
    }

    private IHost BuildHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["RabbitMq:Uri"] = broker.Uri.ToString(),
            [$"Steps:{Step.PublishImage}:ImmediateRetries"] = "0",
            [$"Steps:{Step.PublishImage}:Redelivery:0"] = "00:00:00.1",
        });
        builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddConsumer<BrokenWorker, BrokenWorkerDefinition>());
        return builder.Build();
    }

    private Task<DeadLook> LookAsync(DeadMessages? dead = null) => (dead ?? _dead).LookAsync([Queue, "no-such-queue_error"], withBody: _ => true, Cancellation);

    private static IEnumerable<string?> Bodies(DeadLook look) => look.Messages.Select(message => message.Body);

    private Task PutAsync(params string[] bodies) => PutAsync(broker, bodies);

    private static async Task PutAsync(RabbitMqServer broker, params string[] bodies)
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(Cancellation);
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Cancellation);
        foreach (var body in bodies)
            await channel.BasicPublishAsync("", Queue, mandatory: true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes(body), Cancellation);
    }

    private Task<IConnection> ConnectAsync() => new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(Cancellation);

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(90);
        while (!await condition())
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, what);
            await Task.Delay(100, Cancellation);
        }
    }

    private sealed class BrokenWorker : IConsumer<PublishImage>
    {
        public Task Consume(ConsumeContext<PublishImage> context) => throw new IOException("The registry is away.");
    }

    private sealed class BrokenWorkerDefinition(StepPolicies policies) : StepConsumerDefinition<BrokenWorker>(Step.PublishImage, policies);
}
