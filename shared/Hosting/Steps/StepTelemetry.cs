using System.Diagnostics;
using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Telemetry;

namespace Paas.Hosting.Steps;

/// <summary>The span of one try of a step, and what is measured of it.</summary>
internal sealed class StepTelemetry : IDisposable
{
    private readonly IStepCommand _command;
    private readonly TimeProvider _clock;
    private readonly long _began;
    private readonly Activity? _span;

    private StepTelemetry(IStepCommand command, TimeProvider clock)
    {
        (_command, _clock, _began) = (command, clock, clock.GetTimestamp());
        _span = PaasTelemetry.Source.StartActivity(command.Step);
        _span?.SetTag(Attributes.Pipeline, PaasTelemetry.Pipeline)
            .SetTag(Attributes.RunId, command.DeploymentId.ToString())
            .SetTag(Attributes.DeploymentId, command.DeploymentId.ToString())
            .SetTag(Attributes.Task, command.Step)
            .SetTag(Attributes.TaskRunId, $"{command.DeploymentId}/{command.Step}/{command.Attempt}");
    }

    public static StepTelemetry Begin<T>(ConsumeContext<T> context, TimeProvider clock)
        where T : class, IStepCommand
    {
        var telemetry = new StepTelemetry(context.Message, clock);
        // A later try has waited because it was to wait.
        if (context.GetRetryAttempt() == 0 && context.GetRedeliveryCount() == 0 && context.SentTime is { } sent)
            PaasMetrics.StepTakenUp(context.Message.Step, clock.GetUtcNow().UtcDateTime - sent.ToUniversalTime());
        return telemetry;
    }

    /// <param name="result">One of <see cref="RunResult"/>.</param>
    /// <param name="errorType">Why, if it did not succeed.</param>
    public void End(string result, string? errorType = null)
    {
        PaasMetrics.TryEnded(_command.Step, result, errorType, _clock.GetElapsedTime(_began));
        _span?.SetTag(Attributes.TaskResult, result);
        if (errorType is null)
            return;
        _span?.SetTag(Attributes.ErrorType, errorType);
        _span?.SetStatus(ActivityStatusCode.Error, errorType);
    }

    public void End(Exception fault, bool isRetried)
    {
        var type = fault.GetType().FullName!;
        End(RunResult.Error, type);
        if (isRetried)
            PaasMetrics.TryFollows(_command.Step, type);
    }

    /// <summary>It has not ended: it is sent again, and whoever takes it up measures it.</summary>
    public void HandBack() => _span?.SetTag("paas.step.handed_back", true);

    public void Dispose() => _span?.Dispose();
}
