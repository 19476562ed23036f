using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Servers;
using RabbitMQ.Client;

namespace Paas.ImagePublisher.Tests;

/// <summary>Which publisher gets what an engine has built, on a real RabbitMQ. The engines are names only.</summary>
public sealed class EngineQueueTests(RabbitMqServer broker) : IClassFixture<RabbitMqServer>
{
    private const string ErrorQueue = "publish-image_error";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_an_engine_has_built_is_published_beside_it_whoever_takes_it_up()
    {
        await using var one = await Publisher.StartAsync(broker, "ONE:1");
        await using var other = await Publisher.StartAsync(broker, "OTHER:1");

        for (var i = 0; i < 4; i++)
        {
            await one.SendAsync("ONE:1");
            await one.SendAsync("OTHER:1");
        }

        await Publisher.UntilAsync(() => one.Taken.Count == 4 && other.Taken.Count == 4, "all were published");
        one.Taken.ShouldAllBe(command => command.Builder == "ONE:1");
        other.Taken.ShouldAllBe(command => command.Builder == "OTHER:1");
    }

    [Fact]
    public async Task What_no_engine_has_built_is_published_by_whoever_takes_it_up()
    {
        await using var one = await Publisher.StartAsync(broker, "ONE:2");

        var command = await one.SendAsync("");

        await Publisher.UntilAsync(() => one.Heard<ImagePublished>(command), "it was published");
        one.PassedOn.ShouldBe(0);
    }

    [Fact]
    public async Task A_fault_is_tried_again_beside_the_engine_and_ends_in_the_error_queue_of_the_step()
    {
        await using var one = await Publisher.StartAsync(broker, "FAULTY:3");
        await using var other = await Publisher.StartAsync(broker, "OTHER:3");
        one.Work = _ => throw new IOException("The registry is away.");

        var command = await one.SendAsync("FAULTY:3");

        await Publisher.UntilAsync(async () => await broker.CountAsync(ErrorQueue) == 1, "the message lies in the error queue");
        one.Taken.Count.ShouldBe(4); // two rounds, of a try and another at once
        other.Taken.ShouldBeEmpty();
        await Publisher.UntilAsync(() => one.Answers.OfType<Fault<PublishImage>>().Any(fault => fault.Message.DeploymentId == command.DeploymentId), "the fault was told");
        one.Answers.OfType<StepRetryScheduled>().Single(retry => retry.DeploymentId == command.DeploymentId).Message.ShouldBe("The registry is away.");
        (await broker.CountAsync(EngineQueues.NameOf(Step.PublishImage, "FAULTY:3") + "_error")).ShouldBeNull();
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(Cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        // It has the arguments of every step's: it does not expire as an engine's queue does.
        await channel.QueueDeclareAsync(
            ErrorQueue, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-delivery-limit"] = 1_000_000 }, cancellationToken: Cancellation);
        await channel.QueuePurgeAsync(ErrorQueue, Cancellation);
    }

    [Fact]
    public async Task What_nobody_can_publish_is_lost_after_a_time_and_the_log_says_why()
    {
        await using var other = await Publisher.StartAsync(broker, "OTHER:4");

        var command = await other.SendAsync("GONE:4");

        await Publisher.UntilAsync(() => other.Heard<BuiltImageLost>(command), "it was lost");
        other.Taken.ShouldBeEmpty();
        await Publisher.UntilAsync(() => other.Said.Any(line => line.Contains("built again", StringComparison.Ordinal)), "the log says so");
        other.Said.ShouldContain("-----> Waiting up to 4 s for a publisher beside the engine GONE:4, which built the image");
        other.Said.ShouldContain(" !     For 4 s nobody could publish from the engine GONE:4, which built the image: the app is built again.");
        // No queue is made for it.
        (await broker.CountAsync(EngineQueues.NameOf(Step.PublishImage, "GONE:4"))).ShouldBeNull();
    }

    [Fact]
    public async Task A_publisher_that_is_busy_for_long_is_not_taken_for_one_that_is_gone()
    {
        await using var one = await Publisher.StartAsync(broker, "BUSY:5");
        var go = new TaskCompletionSource();
        one.Work = _ => go.Task;
        await one.SendAsync("BUSY:5");
        await Publisher.UntilAsync(() => one.Taken.Count == 1, "it is busy");

        var waiting = await one.SendAsync("BUSY:5");

        // It comes back to the queue of the step and is passed on again, for as long as it takes.
        await Publisher.UntilAsync(() => one.PassedOn >= 4, "it was passed on again");
        one.Heard<BuiltImageLost>(waiting).ShouldBeFalse();
        one.Taken.Count.ShouldBe(1);
        go.SetResult();
        await Publisher.UntilAsync(() => one.Heard<ImagePublished>(waiting), "it was published");
        (await broker.CountAsync(EngineQueues.NameOf(Step.PublishImage, "BUSY:5"))).ShouldBe(0u);
    }

    [Fact]
    public async Task What_a_publisher_leaves_behind_is_published_by_the_next_one_beside_the_engine()
    {
        await using var other = await Publisher.StartAsync(broker, "OTHER:6");
        PublishImage begun, left;
        await using (var one = await Publisher.StartAsync(broker, "LEFT:6"))
        {
            one.Work = cancellation => Task.Delay(Timeout.Infinite, cancellation);
            begun = await one.SendAsync("LEFT:6");
            await Publisher.UntilAsync(() => one.Taken.Count == 1, "it is busy");
            left = await one.SendAsync("LEFT:6");
            await Publisher.UntilAsync(() => one.PassedOn + other.PassedOn >= 2, "it was passed on");
        }

        await Publisher.UntilAsync(() => other.Said.Any(line => line.Contains("Waiting", StringComparison.Ordinal)), "it came back");
        await using var next = await Publisher.StartAsync(broker, "LEFT:6");

        await Publisher.UntilAsync(() => next.Heard<ImagePublished>(begun) && next.Heard<ImagePublished>(left), "both were published");
        next.Taken.Select(command => command.DeploymentId).ShouldBe([begun.DeploymentId, left.DeploymentId], ignoreOrder: true);
    }

    [Fact]
    public async Task What_waits_in_an_engines_queue_outlives_the_broker()
    {
        await using var one = await Publisher.StartAsync(broker, "DURABLE:7");
        var go = new TaskCompletionSource();
        one.Work = _ => go.Task;
        var begun = await one.SendAsync("DURABLE:7");
        await Publisher.UntilAsync(() => one.Taken.Count == 1, "it is busy");
        var waiting = await one.SendAsync("DURABLE:7");
        await Publisher.UntilAsync(() => one.PassedOn >= 2, "it was passed on");

        await broker.KillAndStartAgainAsync();
        go.SetResult();

        await Publisher.UntilAsync(() => one.Done.Contains(begun.DeploymentId) && one.Done.Contains(waiting.DeploymentId), "both were published");
    }

    [Theory]
    [InlineData("QV5F:6X2A", "publish-image.QV5F-6X2A")]
    [InlineData("0f3c2e9a-7d41-4c53-9a0e-3f1b6f0c2d11", "publish-image.0f3c2e9a-7d41-4c53-9a0e-3f1b6f0c2d11")]
    [InlineData("a/b.#", "publish-image.1557fe9e59fe2fa60a1a2ec6ad0d9f789f5d40e6d1dc45414bdf88e812bcd69b")]
    public void An_engines_queue_has_a_name_that_a_broker_takes(string engine, string queue) =>
        EngineQueues.NameOf(Step.PublishImage, engine).ShouldBe(queue);
}
