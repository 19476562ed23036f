using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Telemetry;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Pushes;

/// <summary>Decides what a push leads to, and records the decision and its reason with the delivery.</summary>
internal sealed class PushReceivedConsumer(PaasDbContext db, BranchHeads heads, AfterCommit afterCommit, TimeProvider clock) : IConsumer<PushReceived>
{
    public async Task Consume(ConsumeContext<PushReceived> context)
    {
        var cancellation = context.CancellationToken;
        if (await db.Deliveries.AsNoTracking().SingleOrDefaultAsync(x => x.Id == context.Message.DeliveryId, cancellation)
            is not { Decision: DeliveryDecisions.Pending } pushed)
            return;
        var app = await db.Apps.AsNoTracking().Include(x => x.Environments).SingleOrDefaultAsync(x => x.Id == pushed.AppId, cancellation);
        var branch = pushed.Ref!.StartsWith(BranchHeads.Prefix, StringComparison.Ordinal) ? pushed.Ref[BranchHeads.Prefix.Length..] : pushed.Ref;
        var environment = app?.Environments.Find(x => x.Branch == branch);
        // The lock makes two deliveries of the same push, by two webhooks, come one after the other.
        if (environment is not null)
            await db.LockEnvironmentAsync(environment.Id, cancellation);

        // Messages may come in another order than the pushes did: what was pushed before is decided on before.
        var pending = await db.Deliveries
            .Where(x => x.Decision == DeliveryDecisions.Pending && x.AppId == pushed.AppId && x.Ref == pushed.Ref && x.ReceivedAt <= pushed.ReceivedAt)
            .OrderBy(x => x.ReceivedAt).ThenBy(x => x.Id).ToListAsync(cancellation);
        foreach (var delivery in pending)
        {
            if (app is null)
                Decide(delivery, DeliveryDecisions.Ignored, OrchestratorTexts.AppRemoved(delivery.AppName));
            else if (environment is null)
                Decide(delivery, DeliveryDecisions.Ignored, OrchestratorTexts.BranchNotDeployed(branch, app.Name, string.Join("', '", app.Environments.Select(x => x.Branch))));
            else if (delivery.SkipReason is { } skipped)
                await SkipAsync(context, delivery, skipped, app, environment);
            else
                await DecideAsync(context, delivery, app, environment);
            afterCommit.Do(() => PaasMetrics.DeliveryDecided(delivery.Decision));
        }
    }

    private async Task DecideAsync(ConsumeContext context, Delivery delivery, App app, AppEnvironment environment)
    {
        var commit = delivery.After!.ToLowerInvariant();
        var newest = db.Deployments.Local.MaxBy(x => x.Sequence) ?? await db.Deployments.AsNoTracking()
            .Where(x => x.EnvironmentId == environment.Id && !DeploymentTriggers.OfLiveImage.Contains(x.Trigger))
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
        deployment.HeadUnconfirmed = true;
        Decide(delivery, DeliveryDecisions.Deployed, OrchestratorTexts.Deploys(commit, environment.Name), deployment.CorrelationId);
        await context.Publish(new DeploymentRequested { DeploymentId = deployment.CorrelationId });
    }

    /// <summary>
    /// Leaves a push out. If another was superseded because the branch points to this one, it is deployed after all: what
    /// it brings would never be otherwise.
    /// </summary>
    private async Task SkipAsync(ConsumeContext context, Delivery delivery, string reason, App app, AppEnvironment environment)
    {
        Decide(delivery, DeliveryDecisions.Ignored, reason);
        if (await heads.FindSupersededByAsync(delivery, environment, context.CancellationToken) is not { } superseded)
            return;
        var deployment = await db.AddDeploymentAsync(
            app, environment.Id, DeploymentTriggers.Push, superseded.RequestedBy, clock.GetUtcNow().UtcDateTime, context.CancellationToken);
        deployment.Commit = superseded.Commit;
        deployment.CommitMessage = superseded.CommitMessage;
        deployment.Ref = superseded.Ref;
        deployment.HeadUnconfirmed = true;
        foreach (var push in await db.Deliveries
            .Where(x => x.DeploymentId == superseded.CorrelationId && x.Decision == DeliveryDecisions.Superseded).ToListAsync(context.CancellationToken))
            Decide(push, DeliveryDecisions.Deployed, OrchestratorTexts.Deploys(superseded.Commit!, environment.Name), deployment.CorrelationId);
        await context.Publish(new DeploymentRequested { DeploymentId = deployment.CorrelationId });
    }

    private static void Decide(Delivery delivery, string decision, string reason, Guid? deploymentId = null)
    {
        delivery.Decision = decision;
        delivery.Reason = reason;
        delivery.DeploymentId = deploymentId;
    }
}
