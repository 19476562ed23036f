using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Paas.Contracts.Api;
using Paas.Gateway.Http;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Faults;

/// <summary>
/// Looks into the error queues for a request. The in-memory bus has none. While one gateway or orchestrator looks,
/// the others wait for it: what is being looked at is hidden from them.
/// </summary>
internal sealed class DeadMessageReader(DeadMessages? dead, PaasDbContext db, TimeProvider clock)
{
    /// <summary>After which a message that somebody else, such as the management UI, was looking at is there again.</summary>
    private static readonly TimeSpan SecondLook = TimeSpan.FromMilliseconds(500);

    /// <summary>The dead message of a faulted deployment, with its body, or why there is none.</summary>
    public async Task<(DeadMessage? Message, string? Missing)> FindAsync(DeploymentState deployment, CancellationToken cancellation)
    {
        if (dead is null)
            return (null, GatewayTexts.NoErrorQueues());
        var queue = DeadQueues.OfStep(deployment.Step!);
        try
        {
            await using var turn = await TakeTurnAsync(cancellation);
            for (var again = false; ; again = true)
            {
                await using (var look = await dead.LookAsync([queue], IsIt, cancellation))
                {
                    if (look.Messages.FirstOrDefault(message => IsIt(message)) is { } found)
                        return (found, null);
                }

                if (again)
                    return (null, GatewayTexts.DeadMessageMissing(queue));
                await Task.Delay(SecondLook, clock, cancellation);
            }
        }
        catch (BrokerAwayException)
        {
            return (null, GatewayTexts.BrokerAway());
        }

        bool IsIt(DeadMessage message) => message.DeploymentId == deployment.CorrelationId && message.Attempt == deployment.Attempt;
    }

    /// <summary>One page of the messages that no deployment wants.</summary>
    public async Task<Page<DeadMessageResponse>> ListOrphansAsync(PageQuery query, CancellationToken cancellation)
    {
        if (dead is null)
            return new Page<DeadMessageResponse> { Items = [] };
        try
        {
            await using var turn = await TakeTurnAsync(cancellation);
            List<DeadMessage> page;
            await using (var look = await dead.LookAsync(DeadQueues.All, withBody: _ => false, cancellation))
            {
                var orphans = (await OrphansAsync(look, cancellation)).AsEnumerable();
                if (query.After is { } after)
                    orphans = orphans.Where(message => PositionOf(message) is var position && (position.At < after.At || (position.At == after.At && position.Id < after.Id)));
                page = [.. orphans.OrderByDescending(message => PositionOf(message).At).ThenByDescending(message => message.Id).Take(query.Size + 1)];
            }

            if (page.Count == 0)
                return new Page<DeadMessageResponse> { Items = [] };
            // The bodies of those that are shown; what has gone meanwhile is shown without.
            var shown = page.ToLookup(message => (message.Queue, message.Id));
            await using var again = await dead.LookAsync(page.Select(message => message.Queue).Distinct(), message => shown.Contains((message.Queue, message.Id)), cancellation);
            var withBodies = again.Messages.Where(message => message.Body is not null).ToLookup(message => (message.Queue, message.Id));
            return query.ToPage(page, PositionOf, message => DeadMessageView.Show(withBodies[(message.Queue, message.Id)].FirstOrDefault() ?? message));
        }
        catch (BrokerAwayException)
        {
            throw ProblemException.Unavailable(GatewayTexts.BrokerAway());
        }
    }

    /// <summary>Removes a message that no deployment wants, and writes down who did it and why.</summary>
    public async Task DiscardAsync(Guid id, string by, string reason, CancellationToken cancellation)
    {
        if (dead is null)
            throw ProblemException.NotFound(GatewayTexts.NoErrorQueues());
        try
        {
            await using var turn = await TakeTurnAsync(cancellation);
            await using var look = await dead.LookAsync(DeadQueues.All, withBody: _ => false, cancellation);
            var orphans = (await OrphansAsync(look, cancellation)).Where(message => message.Id == id).ToList();
            if (orphans.Count == 0)
            {
                throw look.Messages.FirstOrDefault(message => message.Id == id) is { DeploymentId: { } owner }
                    ? ProblemException.Conflict(GatewayTexts.DeadMessageOwned(id, owner))
                    : ProblemException.NotFound(GatewayTexts.DeadMessageUnknown(id));
            }

            foreach (var message in orphans)
            {
                db.OperatorActions.Add(new OperatorAction
                {
                    Id = NewId.NextGuid(),
                    DeploymentId = message.DeploymentId,
                    Action = OperatorActions.DiscardMessage,
                    Step = message.Step,
                    Attempt = message.Attempt,
                    MessageId = message.Id,
                    Queue = message.Queue,
                    Reason = reason,
                    By = by,
                    At = clock.GetUtcNow().UtcDateTime,
                });
            }

            // Better a record of what is still there than a message that is gone without one.
            await db.SaveChangesAsync(cancellation);
            if (turn is not null)
                await turn.CommitAsync(cancellation);
            await look.RemoveAsync(orphans, CancellationToken.None);
        }
        catch (BrokerAwayException)
        {
            throw ProblemException.Unavailable(GatewayTexts.BrokerAway());
        }
    }

    private async Task<List<DeadMessage>> OrphansAsync(DeadLook look, CancellationToken cancellation)
    {
        var kinds = await db.ClassifyAsync(look.Messages, cancellation);
        return [.. look.Messages.Where(message => kinds[message] == DeadMessageKind.Orphan)];
    }

    private static Position PositionOf(DeadMessage message) => new(message.At ?? DateTime.UnixEpoch, message.Id);

    private async Task<IDbContextTransaction?> TakeTurnAsync(CancellationToken cancellation)
    {
        if (!db.Database.IsNpgsql())
            return null;
        var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.LockAsync(DeadMessages.Lock, cancellation);
        return transaction;
    }
}
