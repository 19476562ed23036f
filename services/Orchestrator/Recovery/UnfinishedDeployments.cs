using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging;
using Paas.Orchestrator.Deployments;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Recovery;

/// <summary>
/// The in-memory transport forgets its messages when the process ends. What they asked for stands in the database:
/// at the start it is asked for again. RabbitMQ needs none of this.
/// </summary>
internal sealed partial class UnfinishedDeployments(IServiceScopeFactory scopes, IBusControl bus, ILogger<UnfinishedDeployments> logger) : IHostedLifecycleService
{
    private static readonly string StepCommandUrn = MessageUrn.ForTypeString<IStepCommand>();

    /// <summary>Before anything sends them: step commands are made anew once all has started, and each step is to be done once.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<PaasDbContext>().OutboxMessages
            .Where(x => x.MessageType.Contains(StepCommandUrn)).ExecuteDeleteAsync(cancellationToken);
    }

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        await bus.WaitForHealthStatus(BusHealthStatus.Healthy, cancellationToken);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        await scope.ServiceProvider.GetRequiredService<Persistence.Messaging.OutboxDispatcher>().SweepAllAsync(cancellationToken);

        foreach (var delivery in await db.Deliveries.Where(x => x.Decision == DeliveryDecisions.Pending).OrderBy(x => x.ReceivedAt)
            .Select(x => x.Id).ToListAsync(cancellationToken))
            await bus.PublishUncanceledAsync(new PushReceived { DeliveryId = delivery }, cancellationToken);

        var commands = scope.ServiceProvider.GetRequiredService<StepCommands>();
        var unfinished = await db.Deployments.AsNoTracking()
            .Where(x => x.CurrentState != DeploymentStates.Succeeded && x.CurrentState != DeploymentStates.Failed && x.CurrentState != DeploymentStates.Faulted
                && x.CurrentState != DeploymentStates.Canceled && x.CurrentState != DeploymentStates.Superseded)
            .OrderBy(x => x.CreatedAt).ToListAsync(cancellationToken);
        foreach (var deployment in unfinished)
        {
            Log.Resumed(logger, deployment.AppName, deployment.CorrelationId, deployment.CurrentState);
            using var span = deployment.StartSpan("resume", System.Diagnostics.ActivityKind.Producer);
            await ResumeAsync(deployment, commands, cancellationToken);
        }
    }

    private async Task ResumeAsync(DeploymentState deployment, StepCommands commands, CancellationToken cancellation)
    {
        var id = deployment.CorrelationId;
        switch (deployment.CurrentState)
        {
            case DeploymentStates.Requested:
                await bus.PublishUncanceledAsync(new DeploymentRequested { DeploymentId = id }, cancellation);
                break;
            case DeploymentStates.WaitingForTurn:
                await bus.PublishUncanceledAsync(new TurnGranted { DeploymentId = id }, cancellation);
                break;
            case DeploymentStates.Canceling:
                // Whatever worked on the step has ended with the process.
                await bus.PublishUncanceledAsync(new StepStopped { DeploymentId = id, Step = deployment.Step!, Attempt = deployment.Attempt }, cancellation);
                break;
            default:
                var command = await commands.ForAsync(deployment, cancellation);
                await bus.SendUncanceledAsync(Endpoints.For(deployment.Step!), command, command.GetType(), cancellation);
                break;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Going on with deployment {DeploymentId} of {App}, which was {State}")]
        public static partial void Resumed(ILogger logger, string app, Guid deploymentId, string state);
    }
}
