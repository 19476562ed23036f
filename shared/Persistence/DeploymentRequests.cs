using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Persistence;

/// <summary>Where deployments come from: each is stored in its environment's order before anything is sent.</summary>
public static class DeploymentRequests
{
    /// <summary>
    /// Adds a deployment to the context. The caller holds a transaction, sends <see cref="DeploymentRequested"/> through
    /// the outbox, and commits both together.
    /// </summary>
    /// <param name="db">The context.</param>
    /// <param name="app">The app, with its environments.</param>
    /// <param name="environmentId">Its environment; the row is locked until the transaction ends.</param>
    /// <param name="trigger">One of <see cref="DeploymentTriggers"/>.</param>
    /// <param name="requestedBy">A token's name, or who pushed.</param>
    /// <param name="now">The time, in UTC.</param>
    /// <param name="cancellation">Cancels the reading of the lock.</param>
    public static async Task<DeploymentState> AddDeploymentAsync(
        this PaasDbContext db, App app, Guid environmentId, string trigger, string? requestedBy, DateTime now, CancellationToken cancellation)
    {
        var environment = await db.LockEnvironmentAsync(environmentId, cancellation)
            ?? throw new InvalidOperationException($"The environment {environmentId} of the app {app.Name} was removed meanwhile.");
        var deployment = new DeploymentState
        {
            CorrelationId = NewId.NextGuid(),
            AppId = app.Id,
            AppName = app.Name,
            EnvironmentId = environment.Id,
            EnvironmentName = environment.Name,
            Target = app.Target,
            Sequence = ++environment.LastSequence,
            Trigger = trigger,
            RequestedBy = requestedBy,
            CreatedAt = now,
        };
        db.Deployments.Add(deployment);
        return deployment;
    }
}
