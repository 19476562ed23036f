using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.Deployer;

/// <summary>Asks, right before a step takes effect, whether its deployment still waits for it.</summary>
internal sealed class StepConfirmer(IBus bus)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <exception cref="StepStaleException">The deployment does not.</exception>
    public async Task ConfirmAsync(IStepMessage step, CancellationToken cancellation)
    {
        var client = bus.CreateRequestClient<ConfirmStep>(Endpoints.Confirm, RequestTimeout.After(s: (int)Timeout.TotalSeconds));
        Response<StepConfirmation> response;
        try
        {
            response = await client.GetResponse<StepConfirmation>(
                new ConfirmStep { DeploymentId = step.DeploymentId, Step = step.Step, Attempt = step.Attempt }, cancellation);
        }
        catch (RequestTimeoutException exception)
        {
            throw new TimeoutException(DeployerTexts.SagaSilent(step.Step), exception);
        }

        if (!response.Message.Wanted)
            throw new StepStaleException(DeployerTexts.NotWanted(step.Step));
    }
}
