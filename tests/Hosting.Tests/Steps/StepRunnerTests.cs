using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Network;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Tests.Steps;

/// <summary>One step on a real bus, with its retries, and whoever listens to what it says.</summary>
public sealed class StepRunnerTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<object> _heard = [];
    private Func<StepRun<DownloadCode>, int, Task<string>> _work = (_, _) => Task.FromResult("sha256:x");
    private int _tries;
    private IHost _host = null!;

    private static DownloadCode Command => new() { DeploymentId = NewId.NextGuid(), Attempt = 1, AppId = NewId.NextGuid(), Repository = "https://git.example/a/b" };

    [Fact]
    public async Task A_step_that_succeeds_is_answered_with_its_event_and_the_extent_of_its_log()
    {
        _work = (run, _) =>
        {
            run.Log.Heading("Working");
            return Task.FromResult("sha256:abc");
        };
        var command = await SendAsync();

        var downloaded = await HeardAsync<CodeDownloaded>();
        downloaded.DeploymentId.ShouldBe(command.DeploymentId);
        downloaded.SourceDigest.ShouldBe("sha256:abc");
        downloaded.LogBatches.ShouldBe(1);
        (await HeardAsync<AppendLog>()).Lines.ShouldBe(["-----> Working"]);
        downloaded.LogId.ShouldBe((await HeardAsync<AppendLog>()).LogId);
    }

    [Fact]
    public async Task A_users_mistake_is_an_event_and_is_not_tried_again()
    {
        _work = (_, _) => throw new StepFailedException(FailureReason.RepositoryNotFound, "There is no such repository.");
        await SendAsync();

        (await HeardAsync<CodeDownloadFailed>()).Message.ShouldBe("There is no such repository.");
        _tries.ShouldBe(1);
        _heard.OfType<Fault<IStepCommand>>().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_fault_is_tried_at_once_and_later_and_tells_when()
    {
        _work = (_, attempt) => attempt < 5 ? throw new IOException("The network is away.") : Task.FromResult("sha256:late");
        await SendAsync();

        await HeardAsync<CodeDownloaded>();
        _tries.ShouldBe(5);
        var retry = await HeardAsync<StepRetryScheduled>();
        (retry.Try, retry.MaxTries, retry.Message).ShouldBe((3, 9, "The network is away."));
        _heard.OfType<StepRetryScheduled>().Count().ShouldBe(1);
    }

    [Fact]
    public async Task After_the_last_try_the_fault_is_told()
    {
        _work = (_, _) => throw new IOException("The network is away.");
        var command = await SendAsync();

        var fault = await HeardAsync<Fault<IStepCommand>>();
        fault.Message.DeploymentId.ShouldBe(command.DeploymentId);
        fault.Message.Step.ShouldBe(Step.DownloadCode);
        fault.Exceptions[0].Message.ShouldBe("The network is away.");
        _tries.ShouldBe(9);
    }

    [Fact]
    public async Task Trouble_of_the_network_is_tried_later_and_never_at_once()
    {
        _work = (_, attempt) => attempt < 3 ? throw new NetworkTroubleException("pypi.org could not be reached.") : Task.FromResult("sha256:late");
        await SendAsync();

        await HeardAsync<CodeDownloaded>();
        _tries.ShouldBe(3);
        _heard.OfType<StepRetryScheduled>().Select(retry => (retry.Try, retry.MaxTries, retry.Message))
            .ShouldBe([(1, 3, "pypi.org could not be reached."), (2, 3, "pypi.org could not be reached.")]);
    }

    [Fact]
    public async Task What_no_retry_can_mend_is_tried_once()
    {
        _work = (_, _) => throw new StepPermanentException("The key ring is lost.");
        await SendAsync();

        (await HeardAsync<Fault<IStepCommand>>()).Exceptions[0].Message.ShouldBe("The key ring is lost.");
        _tries.ShouldBe(1);
    }

    [Fact]
    public async Task A_running_step_can_be_stopped()
    {
        var begun = new TaskCompletionSource();
        _work = async (run, _) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, run.Cancellation);
            return "never";
        };
        var command = await SendAsync();
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        await Bus.Publish(new StopStep { DeploymentId = command.DeploymentId, Step = command.Step, Attempt = 2 }, TestContext.Current.CancellationToken);
        await Bus.Publish(new StopStep { DeploymentId = command.DeploymentId, Step = command.Step, Attempt = 1 }, TestContext.Current.CancellationToken);

        (await HeardAsync<StepStopped>()).Attempt.ShouldBe(1);
        _heard.OfType<Fault<IStepCommand>>().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stale_command_is_dropped_and_whoever_waits_for_it_is_told()
    {
        _work = (_, _) => throw new StepStaleException("Nobody waits for it.");
        await SendAsync();

        await HeardAsync<StepStopped>();
        _tries.ShouldBe(1);
    }

    private IBus Bus => _host.Services.GetRequiredService<IBus>();

    private async Task<DownloadCode> SendAsync()
    {
        var command = Command;
        var endpoint = await Bus.GetSendEndpoint(Endpoints.For(Step.DownloadCode));
        await endpoint.Send(command, TestContext.Current.CancellationToken);
        return command;
    }

    private async Task<T> HeardAsync<T>()
        where T : class
    {
        var deadline = DateTime.UtcNow.AddSeconds(20);
        T? found;
        while ((found = _heard.OfType<T>().FirstOrDefault()) is null)
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, $"no {typeof(T).Name} was heard");
            await Task.Delay(10);
        }

        return found;
    }

    public async ValueTask InitializeAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Steps:DownloadCode:Redelivery:0"] = "00:00:00.2",
            ["Steps:DownloadCode:Redelivery:1"] = "00:00:00.3",
        });
        builder.Services.AddSingleton(this);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddConsumer<Worker, WorkerDefinition>();
            bus.AddConsumer<Listener>();
            bus.AddConsumer<LogListener>().Endpoint(endpoint => endpoint.Name = Endpoints.LogQueue);
        });
        _host = builder.Build();
        await _host.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private sealed class Worker(StepRunner runner, StepRunnerTests test) : IConsumer<DownloadCode>
    {
        public Task Consume(ConsumeContext<DownloadCode> context) => runner.RunAsync(
            context,
            run => test._work(run, Interlocked.Increment(ref test._tries)),
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

    private sealed class Listener(StepRunnerTests test) :
        IConsumer<CodeDownloaded>, IConsumer<CodeDownloadFailed>, IConsumer<Fault<IStepCommand>>, IConsumer<StepRetryScheduled>, IConsumer<StepStopped>
    {
        public Task Consume(ConsumeContext<CodeDownloaded> context) => Hear(context.Message);
        public Task Consume(ConsumeContext<CodeDownloadFailed> context) => Hear(context.Message);
        public Task Consume(ConsumeContext<Fault<IStepCommand>> context) => Hear(context.Message);
        public Task Consume(ConsumeContext<StepRetryScheduled> context) => Hear(context.Message);
        public Task Consume(ConsumeContext<StepStopped> context) => Hear(context.Message);

        private Task Hear(object message)
        {
            test._heard.Enqueue(message);
            return Task.CompletedTask;
        }
    }

    private sealed class LogListener(StepRunnerTests test) : IConsumer<AppendLog>
    {
        public Task Consume(ConsumeContext<AppendLog> context)
        {
            test._heard.Enqueue(context.Message);
            return Task.CompletedTask;
        }
    }
}
