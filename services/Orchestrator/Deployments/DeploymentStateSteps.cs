using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Deployments;

/// <summary>How a deployment's record of its steps changes.</summary>
internal static class DeploymentStateSteps
{
    public static StepRecord? CurrentRecord(this DeploymentState deployment) =>
        deployment.Steps.LastOrDefault(step => step.Name == deployment.Step && step.Attempt == deployment.Attempt);

    /// <summary>Makes the next attempt of a step the current one.</summary>
    public static void BeginStep(this DeploymentState deployment, string step, DateTime now, TimeSpan limit)
    {
        deployment.Step = step;
        deployment.Attempt = deployment.Steps.Where(record => record.Name == step).Select(record => record.Attempt).DefaultIfEmpty().Max() + 1;
        deployment.Deadline = now + limit;
        deployment.FinishedAt = null;
        deployment.ClearFailure();
        deployment.Steps = [.. deployment.Steps, new StepRecord { Name = step, State = StepStates.Running, Attempt = deployment.Attempt, StartedAt = now }];
    }

    public static void Amend(this DeploymentState deployment, Func<StepRecord, StepRecord> change)
    {
        var current = deployment.CurrentRecord();
        deployment.Steps = [.. deployment.Steps.Select(step => ReferenceEquals(step, current) ? change(step) : step)];
    }

    /// <summary>How often a step was begun since the last replay, or in all if there was none.</summary>
    public static int CountSinceReplay(this DeploymentState deployment, string name) =>
        deployment.Steps.Reverse().TakeWhile(step => !step.Replayed).Count(step => step.Name == name);

    public static void RememberLog(this DeploymentState deployment, IStepEnded ended)
    {
        deployment.LogId = ended.LogId;
        deployment.LogBatches = ended.LogBatches;
    }

    public static void ClearFailure(this DeploymentState deployment)
    {
        deployment.FailureKind = null;
        deployment.FailureStep = null;
        deployment.FailureReason = null;
        deployment.FailureMessage = null;
        deployment.ExceptionType = null;
    }

    /// <summary>The message that tells how the deployment ended.</summary>
    public static IDeploymentEnded Ended(this DeploymentState deployment) => deployment.CurrentState switch
    {
        DeploymentStates.Succeeded => new DeploymentSucceeded
        {
            DeploymentId = deployment.CorrelationId,
            AppId = deployment.AppId,
            Release = deployment.Release ?? 0,
            Url = deployment.Url,
        },
        DeploymentStates.Failed => new DeploymentFailed
        {
            DeploymentId = deployment.CorrelationId,
            AppId = deployment.AppId,
            Step = deployment.FailureStep ?? "",
            Reason = deployment.FailureReason ?? "",
            Message = deployment.FailureMessage ?? "",
        },
        DeploymentStates.Faulted => new DeploymentFaulted
        {
            DeploymentId = deployment.CorrelationId,
            AppId = deployment.AppId,
            Step = deployment.FailureStep ?? "",
            Reason = deployment.FailureReason ?? "",
            Message = deployment.FailureMessage ?? "",
        },
        DeploymentStates.Superseded => new DeploymentSuperseded
        {
            DeploymentId = deployment.CorrelationId,
            AppId = deployment.AppId,
            SupersededBy = deployment.SupersededBy ?? Guid.Empty,
            SupersededByCommit = deployment.SupersededByCommit,
        },
        _ => new DeploymentCanceled { DeploymentId = deployment.CorrelationId, AppId = deployment.AppId },
    };
}
