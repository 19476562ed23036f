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
        var client = bus.CreateRequestClient<ConfirmStep>(Endpoints.Confirm, RequestTimeout.After(s: (int)Timeout.TotalSeconds));
        // The request's own time begins when it is sent, and a broker that goes away may put that off for ever.
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        giveUp.CancelAfter(2 * Timeout);
        Response<StepConfirmation> response;
        try
        {
            response = await client.GetResponse<StepConfirmation>(
                new ConfirmStep { DeploymentId = step.DeploymentId, Step = step.Step, Attempt = step.Attempt }, giveUp.Token);
        }
        catch (Exception exception) when (exception is RequestTimeoutException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(StepTexts.SagaSilent(step.Step), exception);
        }

        if (!response.Message.Wanted)
            throw new StepStaleException(StepTexts.NotWanted(step.Step));
    }
}
