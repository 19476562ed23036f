using System.Diagnostics;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Deployments;

internal static class DeploymentView
{
    public static DeploymentResponse Show(DeploymentState deployment) => new()
    {
        Id = deployment.CorrelationId,
        Number = deployment.Sequence,
        Name = deployment.Name,
        App = deployment.AppName,
        Environment = deployment.EnvironmentName,
        Trigger = deployment.Trigger,
        Commit = deployment.Commit,
        CommitMessage = deployment.CommitMessage,
        Ref = deployment.Ref,
        State = deployment.CurrentState,
        Step = deployment.Step,
        Attempt = deployment.Attempt,
        CreatedAt = deployment.CreatedAt,
        FinishedAt = deployment.FinishedAt,
        Steps = [.. Step.InOrder.Select(step => Show(deployment, step))],
        Release = deployment.Release,
        ImageDigest = deployment.ImageDigest,
        Url = deployment.Url,
        Failure = deployment.FailureKind is null ? null : new DeploymentFailureResponse
        {
            Kind = deployment.FailureKind,
            Step = deployment.FailureStep ?? deployment.Step ?? "",
            Reason = deployment.FailureReason ?? "",
            Message = deployment.FailureMessage ?? "",
        },
        SupersededBy = deployment.SupersededBy,
        SupersededByCommit = deployment.SupersededByCommit,
        SupersededReason = deployment.SupersededReason,
        TraceId = ActivityContext.TryParse(deployment.TraceParent, null, out var trace) ? trace.TraceId.ToHexString() : null,
    };

    private static DeploymentStepResponse Show(DeploymentState deployment, string step)
    {
        if (deployment.Steps.LastOrDefault(record => record.Name == step) is not { } newest)
            return new DeploymentStepResponse { Name = step, State = IsSkipped(deployment.Trigger, step) ? StepStates.Skipped : StepStates.Pending, Attempt = 0 };
        return new DeploymentStepResponse
        {
            Name = step,
            State = newest.State,
            Attempt = newest.Attempt,
            StartedAt = newest.StartedAt,
            FinishedAt = newest.FinishedAt,
            Error = newest.Error,
            NextTryAt = newest.NextTryAt,
            Try = newest.Try,
            MaxTries = newest.MaxTries,
        };
    }

    /// <summary>The image is there already.</summary>
    private static bool IsSkipped(string trigger, string step) =>
        (trigger == DeploymentTriggers.Rollback || DeploymentTriggers.OfLiveImage.Contains(trigger)) && step is not (Step.DeployRelease or Step.ResolveUrl);
}
