using MassTransit;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging;

namespace Paas.Orchestrator.Tests;

public sealed class LogOrderTests
{
    [Fact]
    public async Task What_a_step_said_last_comes_before_what_its_end_brings()
    {
        await using var platform = await Platform.StartAsync();
        platform.Workers.Instead = async (command, context) =>
        {
            if (command is not DeployRelease deploy)
                return false;
            var log = Guid.NewGuid();
            // The step's end overtakes its last lines, as it may on a busy broker.
            await context.Publish(new ReleaseDeployed { DeploymentId = deploy.DeploymentId, Attempt = deploy.Attempt, LogId = log, LogBatches = 2, Release = deploy.Release });
            await Task.Delay(TimeSpan.FromMilliseconds(300));
            for (var batch = 1; batch <= 2; batch++)
                await (await platform.Bus.GetSendEndpoint(Endpoints.Log)).Send(Append(deploy, log, batch));
            return true;
        };

        var id = await platform.RequestAsync(await platform.CreateAppAsync());
        await platform.WaitForAsync(id, DeploymentStates.Succeeded);

        var log = await platform.LogAsync(id);
        log.IndexOf("batch 1", StringComparison.Ordinal).ShouldBeInRange(0, log.IndexOf("batch 2", StringComparison.Ordinal));
        log.IndexOf("batch 2", StringComparison.Ordinal).ShouldBeLessThan(log.IndexOf("v1 is live", StringComparison.Ordinal), log);
    }

    [Fact]
    public async Task Lines_that_are_lost_hold_nothing_up_for_long()
    {
        await using var platform = await Platform.StartAsync();
        platform.Workers.Instead = async (command, context) =>
        {
            if (command is not DeployRelease deploy)
                return false;
            await context.Publish(new ReleaseDeployed { DeploymentId = deploy.DeploymentId, Attempt = deploy.Attempt, LogId = Guid.NewGuid(), LogBatches = 2, Release = deploy.Release });
            return true;
        };

        var id = await platform.RequestAsync(await platform.CreateAppAsync());

        (await platform.WaitForAsync(id, DeploymentStates.Succeeded)).Release.ShouldBe(1);
    }

    private static AppendLog Append(DeployRelease deploy, Guid log, int batch) => new()
    {
        DeploymentId = deploy.DeploymentId,
        Step = deploy.Step,
        Attempt = deploy.Attempt,
        LogId = log,
        Batch = batch,
        At = DateTime.UtcNow,
        Lines = [$"batch {batch}"],
    };
}
