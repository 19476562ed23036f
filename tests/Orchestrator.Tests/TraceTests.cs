using System.Diagnostics;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;
using Paas.Servers.Otlp;

namespace Paas.Orchestrator.Tests;

/// <summary>A deployment stays in the trace of the request that led to it, whatever it is that moves it on.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly RecordedActivities _recorded = new();

    [Fact]
    public async Task A_turn_that_another_deployment_passes_on_does_not_change_the_trace()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync(policy: ConcurrencyPolicy.Queue);
        platform.Workers.Hold(Step.BuildImage);
        var (first, firstTrace) = await RequestAsync(platform, app);
        await platform.WaitForAsync(first, DeploymentStates.BuildingImage);
        var (second, secondTrace) = await RequestAsync(platform, app);
        await platform.WaitForAsync(second, DeploymentStates.WaitingForTurn);

        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await platform.Bus.Publish(Workers.Success(platform.Workers.Received.Single(command => command is BuildImage)));

        await platform.WaitForAsync(second, DeploymentStates.Succeeded);
        await ShouldBeInAsync(firstTrace, first, Step.InOrder);
        await ShouldBeInAsync(secondTrace, second, Step.InOrder);
        _recorded.Of(second).Single(activity => activity.OperationName == "continue").Links.Single().Context.TraceId.ShouldBe(firstTrace);
    }

    [Fact]
    public async Task A_replay_goes_on_in_the_trace_of_the_deployment_and_is_linked_to_who_asked()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Fault(Step.PublishImage);
        var (id, trace) = await RequestAsync(platform, app);
        await platform.WaitForAsync(id, DeploymentStates.Faulted);

        platform.Workers.Instead = (_, _) => Task.FromResult(false);
        ActivityTraceId replay;
        using (var request = _recorded.Begin())
        {
            replay = request.TraceId;
            await platform.Bus.Publish(new ReplayDeployment { DeploymentId = id, RequestedBy = "operator" });
        }

        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await ShouldBeInAsync(trace, id, Step.InOrder);
        _recorded.Of(id).Single(activity => activity.OperationName == "continue").Links.Single().Context.TraceId.ShouldBe(replay);
        var runs = _recorded.Of(id).Where(activity => activity.OperationName == "RUN deployment").ToList();
        runs.ShouldAllBe(run => run.TraceId == trace);
        runs.Select(run => run.GetTagItem("cicd.pipeline.result")).ShouldBe(["error", "success"]);
    }

    [Fact]
    public async Task An_expired_deadline_begins_the_next_attempt_in_the_same_trace()
    {
        await using var platform = await Platform.StartAsync(("Steps:BuildImage:Deadline", "00:00:00.3"), ("Steps:BuildImage:QueueTimeout", "00:00:00"));
        var app = await platform.CreateAppAsync();
        platform.Workers.Instead = (command, _) => Task.FromResult(command is BuildImage { Attempt: 1 });

        var (id, trace) = await RequestAsync(platform, app);

        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await ShouldBeInAsync(trace, id, Step.InOrder);
        _recorded.Of(trace).Count(activity => activity.OperationName == "build-image receive").ShouldBe(2);
    }

    [Fact]
    public async Task A_restart_in_the_middle_goes_on_in_the_same_trace()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();
        platform.Workers.Hold(Step.BuildImage);
        var (id, trace) = await RequestAsync(platform, app);
        await platform.WaitForAsync(id, DeploymentStates.BuildingImage);

        await platform.RestartAsync();

        await platform.WaitForAsync(id, DeploymentStates.Succeeded);
        await ShouldBeInAsync(trace, id, Step.InOrder);
    }

    private async Task<(Guid Deployment, ActivityTraceId Trace)> RequestAsync(Platform platform, App app)
    {
        using var request = _recorded.Begin();
        return (await platform.RequestAsync(app), request.TraceId);
    }

    /// <summary>Each step was received in the trace, and so was the end.</summary>
    private async Task ShouldBeInAsync(ActivityTraceId trace, Guid deployment, IEnumerable<string> steps)
    {
        foreach (var step in steps)
        {
            await Platform.UntilAsync(
                () => _recorded.Of(deployment).Any(activity => activity.OperationName == Hosting.Messaging.Endpoints.QueueFor(step) + " receive" && activity.TraceId == trace),
                $"{step} was received in the trace of the deployment");
        }

        await Platform.UntilAsync(
            () => _recorded.Of(deployment).Any(activity => activity.OperationName == "RUN deployment" && activity.TraceId == trace), "its end was in the trace");
    }

    public void Dispose() => _recorded.Dispose();
}
