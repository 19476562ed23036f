using System.Collections.Concurrent;
using System.Diagnostics;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Steps;
using Paas.Servers;
using Paas.Servers.Otlp;

namespace Paas.Hosting.Tests.Messaging;

/// <summary>The policy of steps on a real, stock RabbitMQ.</summary>
[Collection(Telemetry.TelemetrySetupTests.Listening)]
public sealed class WaitQueueTests(RabbitMqServer broker) : IClassFixture<RabbitMqServer>
{
    [Fact]
    public async Task A_fault_is_tried_at_once_then_after_its_delays_and_then_lies_in_the_error_queue()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        var tries = new ConcurrentQueue<DateTime>();
        using var host = BuildHost("publish-image", (_, _) =>
        {
            tries.Enqueue(DateTime.UtcNow);
            throw new IOException("The registry is away.");
        });
        await host.StartAsync(TestContext.Current.CancellationToken);
        await SendAsync(host);

        await UntilAsync(async () => await broker.CountAsync("publish-image_error") == 1, "the message lies in the error queue");
        tries.Count.ShouldBe(9);
        var rounds = tries.Chunk(3).Select(round => round[0]).ToList();
        (rounds[1] - rounds[0]).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(490));
        (rounds[2] - rounds[1]).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(990));
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task All_tries_of_a_step_are_in_one_trace()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        using var recorded = new RecordedActivities();
        var traces = new ConcurrentQueue<ActivityTraceId>();
        using var host = BuildHost("build-image", (_, _) =>
        {
            traces.Enqueue(Activity.Current!.TraceId);
            throw new IOException("The engine is away.");
        });
        await host.StartAsync(TestContext.Current.CancellationToken);
        using (var request = recorded.Begin())
        {
            await SendAsync(host, Build);
            await UntilAsync(async () => await broker.CountAsync("build-image_error") == 1, "the message lies in the error queue");
            traces.ShouldBe(Enumerable.Repeat(request.TraceId, 9));
        }

        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_message_that_waits_survives_the_end_of_its_worker_and_of_the_broker()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        var wait = TimeSpan.FromSeconds(3);
        using (var first = BuildHost("build-image", (_, _) => throw new IOException("The engine is away."), wait))
        {
            await first.StartAsync(TestContext.Current.CancellationToken);
            await SendAsync(first, Build);
            await UntilAsync(async () => await broker.CountAsync(WaitQueues.NameOf("build-image", wait)) == 1, "the message waits");
            await first.StopAsync(TestContext.Current.CancellationToken);
        }

        await broker.KillAndStartAgainAsync();

        var redelivered = new TaskCompletionSource<int>();
        using var second = BuildHost("build-image", (_, count) =>
        {
            redelivered.TrySetResult(count);
            return Task.CompletedTask;
        }, wait);
        await second.StartAsync(TestContext.Current.CancellationToken);
        (await redelivered.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken)).ShouldBe(1);
        await second.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Queues_are_there_before_any_worker_is()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        using var host = BuildHost("download-code", (_, _) => Task.CompletedTask);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);
        foreach (var step in Step.InOrder)
            (await broker.CountAsync(Endpoints.QueueFor(step))).ShouldBe(0u);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static BuildImage Build => new()
    {
        DeploymentId = NewId.NextGuid(),
        Attempt = 1,
        AppId = NewId.NextGuid(),
        App = "a",
        Target = Target.Local,
        Commit = new string('c', 40),
        SourceDigest = "sha256:x",
        Plan = new BuildPlan { Runtime = RuntimeName.Static },
    };

    private IHost BuildHost(string queue, Func<IStepCommand, int, Task> work, params TimeSpan[] delays)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        var settings = new Dictionary<string, string?> { ["RabbitMq:Uri"] = broker.Uri.ToString() };
        TimeSpan[] waits = delays.Length > 0 ? delays : [TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1)];
        foreach (var step in new[] { Step.PublishImage, Step.BuildImage })
        {
            for (var i = 0; i < waits.Length; i++)
                settings[$"Steps:{step}:Redelivery:{i}"] = waits[i].ToString();
        }

        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddSingleton(new Work(work));
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            if (queue == "build-image")
                bus.AddConsumer<StepWorker<BuildImage>, StepWorkerDefinition<BuildImage>>();
            else if (queue == "publish-image")
                bus.AddConsumer<StepWorker<PublishImage>, StepWorkerDefinition<PublishImage>>();
        });
        return builder.Build();
    }

    private static Task SendAsync(IHost host) => SendAsync(host, new PublishImage
    {
        DeploymentId = NewId.NextGuid(),
        Attempt = 1,
        AppId = NewId.NextGuid(),
        App = "a",
        Target = Target.Local,
        Commit = new string('c', 40),
        ImageId = "image",
        Builder = "here",
    });

    private static async Task SendAsync<T>(IHost host, T command)
        where T : class, IStepCommand
    {
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);
        var endpoint = await host.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(command.Step));
        await endpoint.Send(command, TestContext.Current.CancellationToken);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (!await condition())
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, what);
            await Task.Delay(50);
        }
    }

    private sealed record Work(Func<IStepCommand, int, Task> Do);

    private sealed class StepWorker<T>(Work work) : IConsumer<T>
        where T : class, IStepCommand
    {
        public Task Consume(ConsumeContext<T> context) => work.Do(context.Message, context.GetRedeliveryCount());
    }

    private sealed class StepWorkerDefinition<T>(StepPolicies policies) : StepConsumerDefinition<StepWorker<T>>(typeof(T).Name, policies)
        where T : class, IStepCommand;
}
