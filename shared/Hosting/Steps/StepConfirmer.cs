using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Hosting.Steps;

/// <summary>Asks, right before a step takes effect, whether its deployment still waits for it.</summary>
public sealed class StepConfirmer(IBus bus)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <exception cref="StepStaleException">The deployment does not.</exception>
    /// <exception cref="TimeoutException">The orchestrator did not answer.</exception>
    public async Task ConfirmAsync(IStepMessage step, CancellationToken cancellation)
    {
        StepConfirmation confirmation;
        try
        {
            confirmation = await bus.AskAsync<ConfirmStep, StepConfirmation>(
                Endpoints.Confirm, new ConfirmStep { DeploymentId = step.DeploymentId, Step = step.Step, Attempt = step.Attempt }, Timeout, cancellation);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException(StepTexts.SagaSilent(step.Step), exception);
        }

        if (!confirmation.Wanted)
            throw new StepStaleException(StepTexts.NotWanted(step.Step));
    }
}
