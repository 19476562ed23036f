using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.Releases;

/// <summary>The release that serves, and deployments that make another one of its image.</summary>
internal sealed class LiveRelease(PaasDbContext db, BusOutbox outbox, TimeProvider clock)
{
    /// <summary>Null before the first.</summary>
    public async Task<Release?> FindAsync(AppEnvironment environment, CancellationToken cancellation) => environment.LiveRelease is { } version
        ? await db.Releases.AsNoTracking().SingleOrDefaultAsync(x => x.EnvironmentId == environment.Id && x.Version == version, cancellation)
        : null;

    /// <summary>Adds such a deployment; the caller holds the transaction, and saves.</summary>
    /// <param name="app">The app, with its environments.</param>
    /// <param name="environment">The one of it that is changed.</param>
    /// <param name="trigger">One of <see cref="Contracts.Api.DeploymentTriggers.OfLiveImage"/>.</param>
    /// <param name="description">What the release will be described as.</param>
    /// <param name="requestedBy">A token's name.</param>
    /// <param name="cancellation">Cancels it.</param>
    public async Task<DeploymentState> DeployAsync(
        App app, AppEnvironment environment, string trigger, string description, string requestedBy, CancellationToken cancellation)
    {
        var deployment = await db.AddDeploymentAsync(app, environment.Id, trigger, requestedBy, clock.GetUtcNow().UtcDateTime, cancellation);
        deployment.Description = description;
        deployment.Commit = (await FindAsync(environment, cancellation))?.Commit;
        await outbox.PublishAsync(new DeploymentRequested { DeploymentId = deployment.CorrelationId }, cancellation);
        return deployment;
    }
}
