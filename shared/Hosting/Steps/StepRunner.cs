using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Network;
using Paas.Hosting.Telemetry;

namespace Paas.Hosting.Steps;

/// <summary>One try of a step: what is asked for, where to write the log, and when to stop.</summary>
public sealed record StepRun<TCommand>(TCommand Command, IStepLog Log, CancellationToken Cancellation)
    where TCommand : class, IStepCommand;

/// <summary>The log of a try that has ended, for the event that tells of it.</summary>
public sealed record StepLogEnd(Guid Id, int Batches);

/// <summary>
/// What is the same for every step: its log, that it can be stopped, and which way it ends. It succeeds or fails
/// with an event, answers <see cref="StepStopped"/> when it was stopped, and lets every other exception through to
/// the retries, after it has told the saga when the next try is due.
/// </summary>
/// <remarks>Everything is sent by the bus, not by the context of the command: see <see cref="WaitQueues.UseWaitQueues"/>.</remarks>
public sealed partial class StepRunner(
    PatientSender sender, RunningSteps running, StepPolicies policies, StepConfirmer confirmer, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<StepRunner> logger)
{
    /// <summary>A command that has waited longer may be stale: its deployment may have been canceled meanwhile.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan HandBackTime = TimeSpan.FromSeconds(10);

    /// <summary>How long a step may take to end once it was told to.</summary>
    internal static readonly TimeSpan StopTime = TimeSpan.FromSeconds(30);

    public async Task RunAsync<TCommand, TResult>(
        ConsumeContext<TCommand> context,
        Func<StepRun<TCommand>, Task<TResult>> work,
        Func<TCommand, TResult, StepLogEnd, IStepEnded> succeeded,
        Func<TCommand, StepFailedException, StepLogEnd, IStepFailed> failed)
        where TCommand : class, IStepCommand
    {
        var command = context.Message;
        using var telemetry = StepTelemetry.Begin(context, clock);
        var policy = policies[command.Step];
        // All immediate retries are one delivery, and the broker counts how long that is held.
        var held = clock.GetElapsedTime(context.ReceiveContext.GetOrAddPayload(() => new DeliveryStart(clock.GetTimestamp())).Timestamp);
        using var step = running.Begin(command, policy.Deadline - held, policy.ShutdownGrace, lifetime.ApplicationStopping);
        await using var log = new StepLog(command, batch => sender.SendAsync(Endpoints.Log, batch), clock);

        object answer;
        try
        {
            if (clock.GetUtcNow().UtcDateTime - context.SentTime > FreshFor)
                await confirmer.ConfirmAsync(command, step.Token);
            var result = await work(new StepRun<TCommand>(command, log, step.Token));
            await log.DisposeAsync();
            answer = succeeded(command, result, new StepLogEnd(log.Id, log.Batches));
            telemetry.End(RunResult.Success);
            Log.Succeeded(logger, command.Step);
        }
        catch (StepFailedException failure)
        {
            foreach (var line in failure.Message.Split('\n'))
                log.Warning(line);
            await log.DisposeAsync();
            answer = failed(command, failure, new StepLogEnd(log.Id, log.Batches));
            telemetry.End(RunResult.Failure, failure.Reason);
            Log.Failed(logger, command.Step, failure.Reason, failure.Message);
        }
        catch (StepStaleException stale)
        {
            Log.Dropped(logger, command.Step, stale.Message);
            answer = Stopped(command);
            telemetry.End(RunResult.Skip);
        }
        catch (Exception) when (step.IsStopped)
        {
            answer = Stopped(command);
            telemetry.End(RunResult.Cancellation);
            Log.Stopped(logger, command.Step);
        }
        catch (Exception) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Hand the step back: another process, or this one after its restart, does it anew.
            await sender.SendAsync(Endpoints.For(command.Step), command, patience: HandBackTime);
            telemetry.HandBack();
            Log.HandedBack(logger, command.Step);
            return;
        }
        catch (Exception) when (step.IsExpired)
        {
            answer = new StepDeadlineExpired { DeploymentId = command.DeploymentId, Step = command.Step, Attempt = command.Attempt };
            telemetry.End(RunResult.Timeout, FailureReason.DeadlineExpired);
            Log.Expired(logger, command.Step, policy.Deadline);
        }
        catch (Exception fault)
        {
            telemetry.End(fault, isRetried: await TellOfNextTryAsync(context, log, fault));
            throw;
        }

        await sender.PublishAsync(answer, answer.GetType());
    }

    /// <summary>Tells the developer of a step that is not being worked on.</summary>
    public async Task SayAsync(IStepCommand command, string heading)
    {
        await using var log = new StepLog(command, batch => sender.SendAsync(Endpoints.Log, batch), clock);
        log.Heading(heading);
    }

    private sealed record DeliveryStart(long Timestamp);

    private static StepStopped Stopped(IStepCommand command) =>
        new() { DeploymentId = command.DeploymentId, Step = command.Step, Attempt = command.Attempt };

    /// <returns>Whether there is a next try.</returns>
    private async Task<bool> TellOfNextTryAsync<TCommand>(ConsumeContext<TCommand> context, StepLog log, Exception fault)
        where TCommand : class, IStepCommand
    {
        var command = context.Message;
        var policy = policies[command.Step];
        var round = context.GetRedeliveryCount();
        var tryInRound = context.GetRetryAttempt();
        // The network is not asked again at once, so each round has one try.
        var immediate = fault is NetworkTroubleException ? 0 : policy.ImmediateRetries;
        var (thisTry, maxTries) = (round * (immediate + 1) + Math.Min(tryInRound, immediate) + 1, (immediate + 1) * (policy.Redelivery.Length + 1));
        log.Warning(StepTexts.Fault(fault.Message, thisTry, maxTries));
        Log.Faulted(logger, fault, command.Step, thisTry, maxTries);
        if (fault is StepPermanentException)
            return false;

        TimeSpan? delay = tryInRound < immediate ? TimeSpan.Zero
            : round < policy.Redelivery.Length ? policy.Redelivery[round]
            : null;
        if (delay is { } wait && wait > TimeSpan.Zero)
        {
            log.Warning(StepTexts.NextTry(wait));
            await sender.PublishAsync(new StepRetryScheduled
            {
                DeploymentId = command.DeploymentId,
                Step = command.Step,
                Attempt = command.Attempt,
                Try = thisTry,
                MaxTries = maxTries,
                NextTryAt = clock.GetUtcNow().UtcDateTime + wait,
                Message = fault.Message,
            }, typeof(StepRetryScheduled));
        }

        return delay is not null;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Step} succeeded")]
        public static partial void Succeeded(ILogger logger, string step);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Step} failed: {Reason}: {Explanation}")]
        public static partial void Failed(ILogger logger, string step, string reason, string explanation);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Step} is dropped: {Explanation}")]
        public static partial void Dropped(ILogger logger, string step, string explanation);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Step} was stopped")]
        public static partial void Stopped(ILogger logger, string step);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Step} was stopped: it took longer than {Deadline}")]
        public static partial void Expired(ILogger logger, string step, TimeSpan deadline);


        [LoggerMessage(Level = LogLevel.Information, Message = "{Step} is handed back, this process is stopping")]
        public static partial void HandedBack(ILogger logger, string step);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Step} faulted, try {Try} of {MaxTries}")]
        public static partial void Faulted(ILogger logger, Exception fault, string step, int @try, int maxTries);
    }
}
