using System.Diagnostics;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;
using Paas.Hosting.Tests.Telemetry;
using Paas.Servers;
using Paas.Servers.Otlp;

namespace Paas.Hosting.Tests.Steps;

/// <summary>A worker that is asked to stop in the middle of a step, and another that takes the step over.</summary>
[Collection(TelemetrySetupTests.Listening)]
public sealed class HandBackTests(RabbitMqServer broker) : IClassFixture<RabbitMqServer>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_step_that_is_handed_back_is_done_by_another_worker_in_the_same_trace()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        using var recorded = new RecordedActivities();
        var (begun, done) = (new TaskCompletionSource(), new TaskCompletionSource<ActivityTraceId>());
        using var first = BuildHost(async run =>
        {
            begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, run.Cancellation);
        });
        using var second = BuildHost(_ =>
        {
            done.TrySetResult(Activity.Current!.TraceId);
            return Task.CompletedTask;
        });
        await first.StartAsync(TestContext.Current.CancellationToken);
        await first.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);
        ActivityTraceId trace;
        using (var request = recorded.Begin())
        {
            trace = request.TraceId;
            var endpoint = await first.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(Step.DownloadCode));
            await endpoint.Send(
                new DownloadCode { DeploymentId = NewId.NextGuid(), Attempt = 1, AppId = NewId.NextGuid(), Repository = "https://git.example/a/b" },
                TestContext.Current.CancellationToken);
        }

        await begun.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await second.StartAsync(TestContext.Current.CancellationToken);
        await first.StopAsync(TestContext.Current.CancellationToken);

        (await done.Task.WaitAsync(Patience, TestContext.Current.CancellationToken)).ShouldBe(trace);
        recorded.Of(trace).ShouldContain(activity => Equals(activity.GetTagItem("paas.step.handed_back"), true));
        await second.StopAsync(TestContext.Current.CancellationToken);
    }

    private IHost BuildHost(Func<StepRun<DownloadCode>, Task> work)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["RabbitMq:Uri"] = broker.Uri.ToString(),
            ["Steps:DownloadCode:ShutdownGrace"] = "00:00:00",
        });
        builder.Services.AddSingleton(new Work(work));
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddConsumer<Worker, WorkerDefinition>();
            bus.AddConsumer<Orchestrator>().Endpoint(endpoint => endpoint.Name = Endpoints.ConfirmQueue);
        });
        return builder.Build();
    }

    private sealed record Work(Func<StepRun<DownloadCode>, Task> DoAsync);

    private sealed class Worker(StepRunner runner, Work work) : IConsumer<DownloadCode>
    {
        public Task Consume(ConsumeContext<DownloadCode> context) => runner.RunAsync(
            context,
            async run =>
            {
                await work.DoAsync(run);
                return "sha256:x";
            },
            (command, digest, log) => new CodeDownloaded
            {
                DeploymentId = command.DeploymentId,
                Attempt = command.Attempt,
                LogId = log.Id,
                LogBatches = log.Batches,
                Commit = new string('c', 40),
                SourceDigest = digest,
            },
            (command, failure, log) => new CodeDownloadFailed
            {
                DeploymentId = command.DeploymentId,
                Attempt = command.Attempt,
                LogId = log.Id,
                LogBatches = log.Batches,
                Reason = failure.Reason,
                Message = failure.Message,
            });
    }

    private sealed class WorkerDefinition(StepPolicies policies) : StepConsumerDefinition<Worker>(Step.DownloadCode, policies);

    /// <summary>A command that has waited is asked about; this one is always wanted.</summary>
    private sealed class Orchestrator : IConsumer<ConfirmStep>
    {
        public Task Consume(ConsumeContext<ConfirmStep> context) =>
            context.RespondAsync(new StepConfirmation { DeploymentId = context.Message.DeploymentId, Wanted = true });
    }
}
