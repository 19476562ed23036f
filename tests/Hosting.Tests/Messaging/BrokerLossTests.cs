using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;
using Paas.Servers;

namespace Paas.Hosting.Tests.Messaging;

/// <summary>The broker goes away while steps are at work, and comes back.</summary>
public sealed class BrokerLossTests
{
    [Fact]
    public async Task Steps_at_work_when_the_broker_is_killed_come_to_their_end_when_it_is_back()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        await using var broker = await RabbitMqServer.StartNewAsync();
        var work = new Work();
        using var host = BuildHost(broker, work);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);
        var commands = Enumerable.Range(0, 12).Select(_ => NewCommand()).ToList();
        var endpoint = await host.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(Step.PublishImage));
        foreach (var command in commands)
            await endpoint.Send(command, TestContext.Current.CancellationToken);
        await UntilAsync(() => work.AtWork.Count >= 4, "as many steps are at work as may be");

        broker.Kill();
        await Task.Delay(TimeSpan.FromSeconds(1)); // the steps go on without it, and write their logs
        await broker.StartAsync();

        await UntilAsync(() => commands.All(command => work.Told.ContainsKey(command.DeploymentId)), "the end of every step was told");
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_step_whose_last_try_faults_while_the_broker_is_away_is_told_as_faulted_when_it_is_back()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        await using var broker = await RabbitMqServer.StartNewAsync();
        var gone = new TaskCompletionSource();
        var work = new Work
        {
            End = async () =>
            {
                await gone.Task;
                throw new StepPermanentException("The key ring is lost.");
            },
        };
        using var host = BuildHost(broker, work);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);
        var command = NewCommand();
        await (await host.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(Step.PublishImage))).Send(command, TestContext.Current.CancellationToken);
        await UntilAsync(() => work.AtWork.ContainsKey(command.DeploymentId), "the step is at work");

        broker.Kill();
        gone.SetResult();
        await Task.Delay(TimeSpan.FromSeconds(4)); // time for the fault to be told to nobody
        await broker.StartAsync();

        await UntilAsync(() => work.Faulted.ContainsKey(command.DeploymentId), "the fault was told");
        work.Faulted[command.DeploymentId].ShouldBe("The key ring is lost.");
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static IHost BuildHost(RabbitMqServer broker, Work work)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["RabbitMq:Uri"] = broker.Uri.ToString(),
            ["Steps:PublishImage:Redelivery:0"] = "00:00:01",
            ["Steps:PublishImage:Redelivery:1"] = "00:00:02",
            ["Steps:PublishImage:Redelivery:2"] = "00:00:05",
        });
        builder.Services.AddSingleton(work);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddConsumer<Worker, WorkerDefinition>();
            bus.AddConsumer<EndOfStep>().Endpoint(endpoint => endpoint.Name = Endpoints.DeploymentQueue);
            bus.AddConsumer<Saga>().Endpoint(endpoint => endpoint.Name = Endpoints.ConfirmQueue);
        });
        return builder.Build();
    }

    private static PublishImage NewCommand() => new()
    {
        DeploymentId = NewId.NextGuid(),
        Attempt = 1,
        AppId = NewId.NextGuid(),
        App = "a",
        Target = Target.Local,
        Commit = new string('c', 40),
        ImageId = "image",
        Builder = "here",
    };

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(180);
        while (!condition())
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, what);
            await Task.Delay(50);
        }
    }

    private sealed class Work
    {
        public ConcurrentDictionary<Guid, bool> AtWork { get; } = new();
        public ConcurrentDictionary<Guid, bool> Told { get; } = new();
        public ConcurrentDictionary<Guid, string> Faulted { get; } = new();

        /// <summary>What a step does at its end.</summary>
        public Func<Task> End { get; set; } = () => Task.CompletedTask;
    }

    private sealed class Worker(StepRunner runner, Work work) : IConsumer<PublishImage>
    {
        public Task Consume(ConsumeContext<PublishImage> context) => runner.RunAsync(
            context,
            async run =>
            {
                work.AtWork[run.Command.DeploymentId] = true;
                for (var i = 0; i < 30; i++)
                {
                    run.Log.Write($"line {i}");
                    await Task.Delay(100, run.Cancellation);
                }

                await work.End();
                return "sha256:" + new string('1', 64);
            },
            (command, digest, log) => new ImagePublished
            {
                DeploymentId = command.DeploymentId,
                Attempt = command.Attempt,
                LogId = log.Id,
                LogBatches = log.Batches,
                ImageDigest = digest,
            },
            (command, failure, log) => new ImagePublishFailed
            {
                DeploymentId = command.DeploymentId,
                Attempt = command.Attempt,
                LogId = log.Id,
                LogBatches = log.Batches,
                Reason = failure.Reason,
                Message = failure.Message,
            });
    }

    private sealed class WorkerDefinition(StepPolicies policies) : StepConsumerDefinition<Worker>(Step.PublishImage, policies);

    private sealed class Saga : IConsumer<ConfirmStep>
    {
        public Task Consume(ConsumeContext<ConfirmStep> context) =>
            context.RespondAsync(new StepConfirmation { DeploymentId = context.Message.DeploymentId, Wanted = true });
    }

    private sealed class EndOfStep(Work work) : IConsumer<ImagePublished>, IConsumer<Fault<IStepCommand>>
    {
        public Task Consume(ConsumeContext<Fault<IStepCommand>> context)
        {
            work.Faulted[context.Message.Message.DeploymentId] = context.Message.Exceptions[0].Message;
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<ImagePublished> context)
        {
            work.Told[context.Message.DeploymentId] = true;
            return Task.CompletedTask;
        }
    }
}
