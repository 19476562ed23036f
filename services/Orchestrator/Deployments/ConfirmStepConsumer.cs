using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence;

namespace Paas.Orchestrator.Deployments;

/// <summary>Answers a worker that is about to let a step take effect.</summary>
internal sealed class ConfirmStepConsumer(PaasDbContext db) : IConsumer<ConfirmStep>
{
    public async Task Consume(ConsumeContext<ConfirmStep> context)
    {
        var asked = context.Message;
        var wanted = await db.Deployments.AnyAsync(
            x => x.CorrelationId == asked.DeploymentId && x.Step == asked.Step && x.Attempt == asked.Attempt
                && x.Deadline != null && x.CurrentState != DeploymentStates.Canceling,
            context.CancellationToken);
        await context.RespondAsync(new StepConfirmation { DeploymentId = asked.DeploymentId, Wanted = wanted });
    }
}
