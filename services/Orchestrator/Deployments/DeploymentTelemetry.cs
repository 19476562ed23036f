using System.Diagnostics;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Telemetry;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Deployments;

/// <summary>
/// Keeps each deployment in one trace, that of the request which led to it. What comes from elsewhere, a turn that
/// another deployment has passed on, a deadline, a replay, is linked to it.
/// </summary>
internal sealed class DeploymentTrace : IFilter<SagaConsumeContext<DeploymentState>>
{
    public async Task Send(SagaConsumeContext<DeploymentState> context, IPipe<SagaConsumeContext<DeploymentState>> next)
    {
        using var span = PaasTelemetry.Source.HasListeners() && Activity.Current is { } current ? Continue(context.Saga, current) : null;
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("deploymentTrace");

    private static Activity? Continue(DeploymentState deployment, Activity current)
    {
        if (deployment.TraceParent is null)
        {
            deployment.TraceParent = current.Id;
            return null;
        }

        if (deployment.Trace() is not { } own || own.TraceId == current.TraceId)
            return null;
        return deployment.StartSpan("continue", ActivityKind.Consumer, [new ActivityLink(current.Context)]);
    }
}

/// <summary>The span of a whole deployment, and what is counted of it.</summary>
internal static class DeploymentTelemetry
{
    public static ActivityContext? Trace(this DeploymentState deployment) =>
        ActivityContext.TryParse(deployment.TraceParent, null, isRemote: true, out var trace) ? trace : null;

    /// <summary>A span in the deployment's own trace, wherever the present activity belongs; null if it has none.</summary>
    public static Activity? StartSpan(
        this DeploymentState deployment, string name, ActivityKind kind, IEnumerable<ActivityLink>? links = null, DateTimeOffset startTime = default)
    {
        var span = deployment.Trace() is { } trace ? PaasTelemetry.Source.StartActivity(name, kind, trace, links: links, startTime: startTime) : null;
        span?.SetTag(Attributes.DeploymentId, deployment.CorrelationId.ToString());
        return span;
    }

    /// <summary>A deployment has ended: told when that is committed.</summary>
    public static void RecordEnd(this BehaviorContext<DeploymentState> context)
    {
        var deployment = context.Saga;
        context.GetPayload<IServiceProvider>().GetRequiredService<AfterCommit>().Do(() => Record(deployment));
    }

    private static void Record(DeploymentState deployment)
    {
        var result = ResultOf(deployment);
        var errorType = deployment.CurrentState is DeploymentStates.Failed or DeploymentStates.Faulted
            ? deployment.ExceptionType ?? deployment.FailureReason
            : null;
        var end = deployment.FinishedAt!.Value;
        PaasMetrics.RunEnded(result, errorType, deployment.Trigger, end - deployment.CreatedAt);
        if (deployment.CurrentState == DeploymentStates.Faulted)
            PaasMetrics.StepFaulted(deployment.FailureStep!, errorType);

        using var span = deployment.StartSpan($"RUN {PaasTelemetry.Pipeline}", ActivityKind.Internal, startTime: deployment.CreatedAt);
        if (span is null)
            return;
        span.SetTag(Attributes.Pipeline, PaasTelemetry.Pipeline)
            .SetTag(Attributes.RunId, deployment.CorrelationId.ToString())
            .SetTag(Attributes.Environment, deployment.EnvironmentName)
            .SetTag(Attributes.App, deployment.AppName)
            .SetTag(Attributes.Trigger, deployment.Trigger)
            .SetTag(Attributes.Revision, deployment.Commit)
            .SetTag(Attributes.RunResult, result)
            .SetEndTime(end);
        if (errorType is not null)
            span.SetTag(Attributes.ErrorType, errorType).SetStatus(ActivityStatusCode.Error, errorType);
    }

    private static string ResultOf(DeploymentState deployment) => deployment.CurrentState switch
    {
        DeploymentStates.Succeeded => RunResult.Success,
        DeploymentStates.Failed => RunResult.Failure,
        DeploymentStates.Faulted => deployment.FailureReason == FailureReason.DeadlineExpired ? RunResult.Timeout : RunResult.Error,
        DeploymentStates.Superseded => RunResult.Skip,
        _ => RunResult.Cancellation,
    };
}
