using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Deployments;

internal enum Turn
{
    Granted,
    Waiting,

    /// <summary>A newer deployment makes this one pointless.</summary>
    Overtaken,
}

/// <summary>
/// Lets one deployment of an environment at a time past validation. The environment's row is the lock: whoever takes
/// a turn or passes it on holds it until the end of the transaction.
/// </summary>
internal sealed class Turns(PaasDbContext db)
{
    public async Task<Turn> TakeAsync<T>(BehaviorContext<DeploymentState, T> context, DeploymentState deployment)
        where T : class
    {
        var environment = await db.LockEnvironmentAsync(deployment.EnvironmentId, context.CancellationToken);
        if (environment is null)
            return Turn.Waiting; // the app was removed: its deployments are being canceled
        if (await FindSuccessorAsync(environment, deployment, context.CancellationToken) is { } successor)
        {
            deployment.SupersededBy = successor;
            return Turn.Overtaken;
        }

        var ahead = environment.ActiveDeploymentId;
        if (ahead is null && environment.Policy == ConcurrencyPolicy.Queue)
            ahead = await FindOlderAsync(deployment, context.CancellationToken);
        if (ahead is not { } active || active == deployment.CorrelationId)
        {
            environment.ActiveDeploymentId = deployment.CorrelationId;
            return Turn.Granted;
        }

        if (deployment.CurrentState != DeploymentStates.WaitingForTurn)
            context.Say(OrchestratorTexts.WaitingForTurn(active));
        if (environment.Policy == ConcurrencyPolicy.CancelRunning && !deployment.ChangesLiveRelease())
            await context.Publish(new CancelDeployment { DeploymentId = active, RequestedBy = OrchestratorTexts.NewerDeployment });
        return Turn.Waiting;
    }

    /// <summary>Where all are to be deployed in turn: one that was pushed before and has not had its turn yet.</summary>
    private Task<Guid?> FindOlderAsync(DeploymentState deployment, CancellationToken cancellation) => BeforeTheirTurn
        .Where(x => x.EnvironmentId == deployment.EnvironmentId && x.Sequence < deployment.Sequence)
        .OrderBy(x => x.Sequence).Select(x => (Guid?)x.CorrelationId).FirstOrDefaultAsync(cancellation);

    private IQueryable<DeploymentState> BeforeTheirTurn => db.Deployments.Where(
        x => x.CurrentState == DeploymentStates.Requested || x.CurrentState == DeploymentStates.DownloadingCode
            || x.CurrentState == DeploymentStates.ValidatingConfiguration || x.CurrentState == DeploymentStates.WaitingForTurn);

    /// <summary>Tells those that have not had their turn yet that a newer deployment has come.</summary>
    public async Task SupersedeOlderAsync<T>(BehaviorContext<DeploymentState, T> context, DeploymentState deployment)
        where T : class
    {
        var policy = await db.Environments.Where(x => x.Id == deployment.EnvironmentId).Select(x => x.Policy).SingleOrDefaultAsync(context.CancellationToken);
        if (policy is null or ConcurrencyPolicy.Queue)
            return;
        var older = BeforeTheirTurn.Where(x => x.EnvironmentId == deployment.EnvironmentId && x.Sequence < deployment.Sequence);
        // What changes the live release is no reason to drop newer code, nor newer code to drop it: that may fail. And of
        // it each kind brings something the others do not.
        older = deployment.ChangesLiveRelease()
            ? older.Where(x => x.Trigger == deployment.Trigger)
            : older.Where(x => !DeploymentTriggers.OfLiveImage.Contains(x.Trigger));
        foreach (var id in await older.Select(x => x.CorrelationId).ToListAsync(context.CancellationToken))
            await context.Publish(new SupersedeDeployment { DeploymentId = id, SupersededBy = deployment.CorrelationId });
    }

    /// <summary>Gives the turn back, if the deployment has it, and lets the one that has waited longest ask for it.</summary>
    public async Task PassOnAsync<T>(BehaviorContext<DeploymentState, T> context, DeploymentState deployment)
        where T : class
    {
        var environment = await db.LockEnvironmentAsync(deployment.EnvironmentId, context.CancellationToken);
        if (environment is null)
            return;
        if (environment.ActiveDeploymentId == deployment.CorrelationId)
            environment.ActiveDeploymentId = null;
        if (environment.ActiveDeploymentId is not null)
            return;
        var next = await db.Deployments
            .Where(x => x.EnvironmentId == environment.Id && x.CurrentState == DeploymentStates.WaitingForTurn && x.CorrelationId != deployment.CorrelationId)
            .OrderBy(x => x.Sequence).Select(x => (Guid?)x.CorrelationId).FirstOrDefaultAsync(context.CancellationToken);
        if (next is { } waiting)
            await context.Publish(new TurnGranted { DeploymentId = waiting });
    }

    /// <summary>
    /// A newer deployment that is under way or has succeeded. Without this look a replayed one could bring old code
    /// back. Where all are to be deployed in turn only one that has succeeded counts.
    /// </summary>
    private Task<Guid?> FindSuccessorAsync(AppEnvironment environment, DeploymentState deployment, CancellationToken cancellation)
    {
        // A push that nobody has compared with its branch yet may be an old one, delivered late.
        var newer = db.Deployments.Where(x => x.EnvironmentId == environment.Id && x.Sequence > deployment.Sequence && !x.HeadUnconfirmed);
        newer = deployment.ChangesLiveRelease()
            ? newer.Where(x => x.Trigger == deployment.Trigger
                || (x.CurrentState == DeploymentStates.Succeeded && !DeploymentTriggers.OfLiveImage.Contains(x.Trigger)))
            : newer.Where(x => !DeploymentTriggers.OfLiveImage.Contains(x.Trigger));
        newer = environment.Policy == ConcurrencyPolicy.Queue
            ? newer.Where(x => x.CurrentState == DeploymentStates.Succeeded)
            : newer.Where(x => x.CurrentState != DeploymentStates.Failed && x.CurrentState != DeploymentStates.Faulted
                && x.CurrentState != DeploymentStates.Canceled && x.CurrentState != DeploymentStates.Canceling && x.CurrentState != DeploymentStates.Superseded);
        return newer.OrderByDescending(x => x.Sequence).Select(x => (Guid?)x.CorrelationId).FirstOrDefaultAsync(cancellation);
    }
}
