using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Telemetry;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Pushes;

/// <summary>Decides what a push leads to, and records the decision and its reason with the delivery.</summary>
internal sealed class PushReceivedConsumer(PaasDbContext db, AfterCommit afterCommit, TimeProvider clock) : IConsumer<PushReceived>
{
    private const string BranchPrefix = "refs/heads/";

    public async Task Consume(ConsumeContext<PushReceived> context)
    {
        var delivery = await db.Deliveries.SingleOrDefaultAsync(x => x.Id == context.Message.DeliveryId, context.CancellationToken);
        if (delivery is { Decision: DeliveryDecisions.Pending })
        {
            await DecideAsync(context, delivery);
            afterCommit.Do(() => PaasMetrics.DeliveryDecided(delivery.Decision));
        }
    }

    private async Task DecideAsync(ConsumeContext context, Delivery delivery)
    {
        var app = await db.Apps.AsNoTracking().Include(x => x.Environments).SingleOrDefaultAsync(x => x.Id == delivery.AppId, context.CancellationToken);
        if (app is null)
        {
            Decide(delivery, DeliveryDecisions.Ignored, OrchestratorTexts.AppRemoved(delivery.AppName));
            return;
        }

        var branch = delivery.Ref!.StartsWith(BranchPrefix, StringComparison.Ordinal) ? delivery.Ref[BranchPrefix.Length..] : delivery.Ref;
        var environment = app.Environments.Find(x => x.Branch == branch);
        if (environment is null)
        {
            var deployed = string.Join("', '", app.Environments.Select(x => x.Branch));
            Decide(delivery, DeliveryDecisions.Ignored, OrchestratorTexts.BranchNotDeployed(branch, app.Name, deployed));
            return;
        }

        // The lock makes two deliveries of the same push, by two webhooks, come one after the other.
        await db.LockEnvironmentAsync(environment.Id, context.CancellationToken);
        var commit = delivery.After!.ToLowerInvariant();
        var newest = await db.Deployments.AsNoTracking()
            .Where(x => x.EnvironmentId == environment.Id && x.Trigger != DeploymentTriggers.ConfigChange)
            .OrderByDescending(x => x.Sequence).FirstOrDefaultAsync(context.CancellationToken);
        if (newest?.Commit == commit && (newest.CurrentState == DeploymentStates.Succeeded || !DeploymentStates.IsFinal(newest.CurrentState)))
        {
            Decide(delivery, DeliveryDecisions.Duplicate, OrchestratorTexts.SameCommit(commit), newest.CorrelationId);
            return;
        }

        var deployment = await db.AddDeploymentAsync(
            app, environment.Id, DeploymentTriggers.Push, delivery.Pusher, clock.GetUtcNow().UtcDateTime, context.CancellationToken);
        deployment.Commit = commit;
        deployment.CommitMessage = delivery.CommitMessage;
        deployment.Ref = delivery.Ref;
        Decide(delivery, DeliveryDecisions.Deployed, OrchestratorTexts.Deploys(commit, environment.Name), deployment.CorrelationId);
        await context.Publish(new DeploymentRequested { DeploymentId = deployment.CorrelationId });
    }

    private static void Decide(Delivery delivery, string decision, string reason, Guid? deploymentId = null)
    {
        delivery.Decision = decision;
        delivery.Reason = reason;
        delivery.DeploymentId = deploymentId;
    }
}
