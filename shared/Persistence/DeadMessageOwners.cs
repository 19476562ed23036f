using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging.RabbitMq;

namespace Paas.Persistence;

/// <summary>What a dead message is to the deployments.</summary>
public enum DeadMessageKind
{
    /// <summary>No deployment of an app that is there wants it: it can't be read, or is of another kind.</summary>
    Orphan,

    /// <summary>Of a deployment that is faulted at exactly this step and attempt.</summary>
    Fault,

    /// <summary>Of a deployment that still waits for exactly this step and attempt: its fault has not been heard.</summary>
    Unheard,

    /// <summary>Its deployment has gone on, or has ended.</summary>
    Stale,
}

/// <summary>Tells to which deployments dead messages belong.</summary>
public static class DeadMessageOwners
{
    private const int BatchSize = 500;

    /// <summary>
    /// Looks the messages' deployments up. As an attempt once left is never taken up again, what is stale after the
    /// messages were read stays so.
    /// </summary>
    public static async Task<IReadOnlyDictionary<DeadMessage, DeadMessageKind>> ClassifyAsync(
        this PaasDbContext db, IReadOnlyCollection<DeadMessage> messages, CancellationToken cancellation)
    {
        var owners = new Dictionary<Guid, Owner>();
        foreach (var batch in messages.Where(IsOfStep).Select(message => message.DeploymentId!.Value).Distinct().Chunk(BatchSize))
        {
            var found = await db.Deployments.AsNoTracking().Where(x => batch.Contains(x.CorrelationId)).Select(x => new
            {
                x.CorrelationId,
                Owner = new Owner(x.CurrentState, x.Step, x.Attempt, db.Apps.Any(app => app.Id == x.AppId)),
            }).ToListAsync(cancellation);
            foreach (var deployment in found)
                owners[deployment.CorrelationId] = deployment.Owner;
        }

        return messages.ToDictionary(
            message => message, message => IsOfStep(message) ? Classify(message, owners.GetValueOrDefault(message.DeploymentId!.Value)) : DeadMessageKind.Orphan);
    }

    private static bool IsOfStep(DeadMessage message) => message is { IsForged: false, Step: not null, DeploymentId: not null, Attempt: not null };

    private static DeadMessageKind Classify(DeadMessage message, Owner? owner)
    {
        if (owner is null)
            return DeadMessageKind.Orphan;
        var isCurrent = owner.Step == message.Step && owner.Attempt == message.Attempt;
        return owner.State switch
        {
            DeploymentStates.Faulted when isCurrent => owner.HasApp ? DeadMessageKind.Fault : DeadMessageKind.Orphan,
            DeploymentStates.WaitingForTurn => DeadMessageKind.Stale,
            _ when isCurrent && !DeploymentStates.IsFinal(owner.State) => DeadMessageKind.Unheard,
            _ => DeadMessageKind.Stale,
        };
    }

    private sealed record Owner(string State, string? Step, int Attempt, bool HasApp);
}
