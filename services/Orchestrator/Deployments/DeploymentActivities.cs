using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;
using Paas.Orchestrator.Faults;
using Paas.Orchestrator.Pushes;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Deployments;

/// <summary>The verbs of <see cref="DeploymentStateMachine"/>.</summary>
internal static class DeploymentActivities
{
    private const int MaxBuilds = 3;

    /// <summary>How long a canceled step may take to stop before the deployment ends without its answer.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    /// <summary>It brings what was built before: a rollback, or the live release with something changed.</summary>
    public static bool NeedsNoBuild(this DeploymentState deployment) =>
        deployment.Trigger == DeploymentTriggers.Rollback || deployment.ChangesLiveRelease();

    /// <summary>It brings no other code than what is live.</summary>
    public static bool ChangesLiveRelease(this DeploymentState deployment) => DeploymentTriggers.OfLiveImage.Contains(deployment.Trigger);

    /// <summary>Even if nothing has changed.</summary>
    public static bool WantsNewInstances(this DeploymentState deployment) =>
        deployment.Trigger is DeploymentTriggers.Restart or DeploymentTriggers.Rollback || deployment.NoCache;

    public static bool HasExpiredBefore(this DeploymentState deployment) =>
        deployment.Steps.Any(step => step.Name == deployment.Step && step.Expired);

    /// <summary>No worker has the step: it waits for its next try.</summary>
    public static bool IsBetweenTries(this DeploymentState deployment) =>
        deployment.CurrentRecord() is { State: StepStates.Retrying };

    public static EventActivityBinder<DeploymentState, T> Remember<T>(
        this EventActivityBinder<DeploymentState, T> source, Action<DeploymentState, T> remember)
        where T : class => source.Then(context => remember(context.Saga, context.Message));

    /// <summary>Begins the next attempt of a step: sends its command and sets its deadline.</summary>
    public static EventActivityBinder<DeploymentState, T> Begin<T>(
        this EventActivityBinder<DeploymentState, T> source, string step, DeploymentStateMachine machine)
        where T : class => source.ThenAsync(context => context.BeginAsync(step, machine));

    public static EventActivityBinder<DeploymentState, T> BeginAgain<T>(
        this EventActivityBinder<DeploymentState, T> source, DeploymentStateMachine machine)
        where T : class => source.ThenAsync(context => context.BeginAsync(context.Saga.Step!, machine));

    /// <summary>Goes on past validation if the environment is free, waits if it is not, ends if it was overtaken.</summary>
    public static EventActivityBinder<DeploymentState, T> TakeTurn<T>(
        this EventActivityBinder<DeploymentState, T> source, DeploymentStateMachine machine)
        where T : class => source.ThenAsync(async context =>
        {
            var deployment = context.Saga;
            switch (await context.Turns().TakeAsync(context, deployment))
            {
                case Turn.Granted:
                    await context.BeginAsync(deployment.ResumeStep ?? (deployment.NeedsNoBuild() ? Step.DeployRelease : Step.BuildImage), machine);
                    break;
                case Turn.Waiting:
                    deployment.Deadline = null;
                    await context.TransitionToState(machine.WaitingForTurn);
                    break;
                case Turn.Overtaken:
                    context.Say(OrchestratorTexts.Superseded(deployment.SupersededBy!.Value));
                    await context.TransitionToState(machine.Superseded);
                    await context.FinishAsync();
                    break;
            }
        });

    public static EventActivityBinder<DeploymentState, T> SupersedeOlder<T>(this EventActivityBinder<DeploymentState, T> source)
        where T : class => source.ThenAsync(context => context.Turns().SupersedeOlderAsync(context, context.Saga));

    /// <summary>The branch points to the pushed commit, so the deployment overtakes those before it.</summary>
    public static EventActivityBinder<DeploymentState, T> ConfirmHead<T>(this EventActivityBinder<DeploymentState, T> source)
        where T : class => source.ThenAsync(async context =>
        {
            if (!context.Saga.HeadUnconfirmed)
                return;
            context.Saga.HeadUnconfirmed = false;
            await context.Turns().SupersedeOlderAsync(context, context.Saga);
        });

    /// <summary>The branch does not point to the pushed commit: ends the deployment, unless there is a reason to go on.</summary>
    public static EventActivityBinder<DeploymentState, CodeOvertaken> Overtake(
        this EventActivityBinder<DeploymentState, CodeOvertaken> source, DeploymentStateMachine machine) => source.ThenAsync(async context =>
        {
            var (deployment, head) = (context.Saga, context.Message.Head);
            deployment.RememberLog(context.Message);
            var verdict = await context.Heads().JudgeAsync(deployment, head, context.CancellationToken);
            deployment.Amend(step => step with { State = StepStates.Canceled, FinishedAt = context.Now(), NextTryAt = null, Overtaken = true });
            switch (verdict)
            {
                case HeadVerdict.AskAgain:
                    await context.BeginAsync(Step.DownloadCode, machine);
                    break;
                case HeadVerdict.DeployAnyway:
                    deployment.HeadUnconfirmed = false;
                    await context.Turns().SupersedeOlderAsync(context, deployment);
                    await context.BeginAsync(Step.DownloadCode, machine);
                    break;
                case HeadVerdict.Overtaken:
                    await context.Heads().RecordAsync(deployment, head, context.CancellationToken);
                    context.Say(OrchestratorTexts.SupersededBecause(deployment.SupersededReason!));
                    await context.TransitionToState(machine.Superseded);
                    await context.FinishAsync();
                    break;
            }
        });

    public static EventActivityBinder<DeploymentState, T> Complete<T>(this EventActivityBinder<DeploymentState, T> source)
        where T : class, IStepEnded => source.Then(context =>
        {
            context.Saga.RememberLog(context.Message);
            context.Saga.Amend(step => step with { State = StepStates.Succeeded, FinishedAt = context.Now(), NextTryAt = null });
        });

    public static EventActivityBinder<DeploymentState, StepRetryScheduled> NoteRetry(this EventActivityBinder<DeploymentState, StepRetryScheduled> source) =>
        source.Then(context =>
        {
            var retry = context.Message;
            context.Saga.Deadline = retry.NextTryAt + context.Limit(retry.Step);
            context.Saga.Amend(step => step with
            {
                State = StepStates.Retrying,
                Error = retry.Message,
                Try = retry.Try,
                MaxTries = retry.MaxTries,
                NextTryAt = retry.NextTryAt,
            });
        });

    public static EventActivityBinder<DeploymentState, IStepFailed> RecordFailure(this EventActivityBinder<DeploymentState, IStepFailed> source) =>
        source.Then(context =>
        {
            context.Saga.RememberLog(context.Message);
            context.EndWith(StepStates.Failed, "failed", context.Message.Reason, context.Message.Message);
        });

    public static EventActivityBinder<DeploymentState, Fault<IStepCommand>> RecordFault(
        this EventActivityBinder<DeploymentState, Fault<IStepCommand>> source) => source.Then(context =>
        {
            var exception = context.Message.Exceptions.FirstOrDefault();
            context.Saga.ExceptionType = exception?.ExceptionType;
            context.EndWith(StepStates.Faulted, "faulted", FailureReason.StepFaulted, exception?.Message ?? "The step faulted.");
            context.CountTries(exception?.ExceptionType);
        });

    public static EventActivityBinder<DeploymentState, StepDeadlineExpired> RecordExpiry(
        this EventActivityBinder<DeploymentState, StepDeadlineExpired> source) => source.Then(context =>
        {
            context.EndWith(StepStates.Faulted, "faulted", FailureReason.DeadlineExpired,
                OrchestratorTexts.Expired(context.Saga.Step!, context.Limit(context.Saga.Step!)));
            context.Saga.Amend(step => step with { Expired = true });
        });

    /// <summary>Tells whoever works on the current step to stop.</summary>
    public static EventActivityBinder<DeploymentState, T> StopStep<T>(this EventActivityBinder<DeploymentState, T> source)
        where T : class => source.ThenAsync(context => context.Saga.Step is null
            ? Task.CompletedTask
            : context.Publish(new StopStep { DeploymentId = context.Saga.CorrelationId, Step = context.Saga.Step, Attempt = context.Saga.Attempt }));

    public static EventActivityBinder<DeploymentState, T> AwaitStop<T>(this EventActivityBinder<DeploymentState, T> source)
        where T : class => source.Then(context => context.Saga.Deadline = context.Now() + StopTimeout);

    public static EventActivityBinder<DeploymentState, SupersedeDeployment> RecordSuccessor(
        this EventActivityBinder<DeploymentState, SupersedeDeployment> source) => source.Then(context =>
        {
            context.Saga.SupersededBy = context.Message.SupersededBy;
            context.Say(OrchestratorTexts.Superseded(context.Message.SupersededBy));
        });

    public static EventActivityBinder<DeploymentState, CancelDeployment> NoteCancelation(
        this EventActivityBinder<DeploymentState, CancelDeployment> source) =>
        source.Then(context => context.Say(OrchestratorTexts.Canceled(context.Message.RequestedBy)));

    public static EventActivityBinder<DeploymentState, T> NoteTooLate<T>(this EventActivityBinder<DeploymentState, T> source)
        where T : class => source.Then(context => context.Say(OrchestratorTexts.CanceledTooLate(context.Saga.Release)));

    public static EventActivityBinder<DeploymentState, T> MarkReleaseLive<T>(this EventActivityBinder<DeploymentState, T> source)
        where T : class => source.ThenAsync(async context =>
        {
            await context.Releases().MarkLiveAsync(context.Saga, context.CancellationToken);
            context.Say(OrchestratorTexts.ReleaseLive(context.Saga.Release!.Value));
        });

    /// <summary>Publishing found nothing to publish: the builder's disk was lost, or it was cleaned up.</summary>
    public static EventActivityBinder<DeploymentState, BuiltImageLost> BuildAgain(
        this EventActivityBinder<DeploymentState, BuiltImageLost> source, DeploymentStateMachine machine) => source.ThenAsync(async context =>
        {
            context.Saga.RememberLog(context.Message);
            if (context.Saga.CountSinceReplay(Step.BuildImage) >= MaxBuilds)
            {
                context.EndWith(StepStates.Faulted, "faulted", FailureReason.StepFaulted, OrchestratorTexts.BuildKeepsGettingLost);
                await context.TransitionToState(machine.Faulted);
                await context.FinishAsync();
                return;
            }

            context.Saga.Amend(step => step with { State = StepStates.Faulted, FinishedAt = context.Now() });
            context.Say(OrchestratorTexts.BuiltAgain);
            await context.BeginAsync(Step.BuildImage, machine);
        });

    /// <summary>Takes a faulted deployment up again, with a new attempt; what comes after validation needs a turn.</summary>
    public static EventActivityBinder<DeploymentState, ReplayDeployment> Replay(
        this EventActivityBinder<DeploymentState, ReplayDeployment> source, DeploymentStateMachine machine) => source.ThenAsync(async context =>
        {
            var deployment = context.Saga;
            var asked = context.Message;
            var step = asked.FromStep ?? deployment.Step!;
            context.Say(OrchestratorTexts.Replayed(step, asked.RequestedBy));
            context.Record(asked.Among is null ? OperatorActions.Replay : OperatorActions.ReplayMany, asked.RequestedBy, asked.Among, step);
            deployment.ClearFailure();
            deployment.Amend(record => record with { Replayed = true });
            if (step is Step.DownloadCode or Step.ValidateConfiguration)
            {
                deployment.ResumeStep = null;
                await context.BeginAsync(step, machine);
                return;
            }

            deployment.ResumeStep = step;
            await context.TransitionToState(machine.WaitingForTurn);
            await context.Publish(new TurnGranted { DeploymentId = deployment.CorrelationId });
        });

    public static EventActivityBinder<DeploymentState, DiscardDeployment> Discard(
        this EventActivityBinder<DeploymentState, DiscardDeployment> source) => source.Then(context =>
        {
            context.Say(OrchestratorTexts.Discarded(context.Message.RequestedBy, context.Message.Reason));
            context.Record(OperatorActions.Discard, context.Message.RequestedBy, context.Message.Reason);
        });

    /// <summary>The deployment has come to an end: says so, and lets the next one of the environment have its turn.</summary>
    public static EventActivityBinder<DeploymentState, T> Finish<T>(this EventActivityBinder<DeploymentState, T> source)
        where T : class => source.ThenAsync(context => context.FinishAsync());

    private static async Task BeginAsync<T>(this BehaviorContext<DeploymentState, T> context, string step, DeploymentStateMachine machine)
        where T : class
    {
        var deployment = context.Saga;
        var prepared = step == Step.DeployRelease ? await context.Releases().PrepareAsync(deployment, context.Now(), context.CancellationToken) : default;
        if (prepared.Refusal is { } refusal)
        {
            deployment.Step = step;
            context.EndWith(StepStates.Failed, "failed", FailureReason.ReleaseOutdated, refusal);
            await context.TransitionToState(machine.Failed);
            await context.FinishAsync();
            return;
        }

        deployment.BeginStep(step, context.Now(), context.Limit(step) + context.Policies()[step].QueueTimeout);
        if (prepared.Line is { } line)
            context.Say(line);
        await context.TransitionToState(machine.StateOf(step));
        var command = await context.GetPayload<IServiceProvider>().GetRequiredService<StepCommands>().ForAsync(deployment, context.CancellationToken);
        await context.Send(Endpoints.For(step), command, command.GetType());
    }

    private static async Task FinishAsync<T>(this BehaviorContext<DeploymentState, T> context)
        where T : class
    {
        var deployment = context.Saga;
        deployment.Deadline = null;
        deployment.FinishedAt = context.Now();
        if (deployment.CurrentState is DeploymentStates.Canceled or DeploymentStates.Superseded)
            deployment.Amend(step => step.FinishedAt is null ? step with { State = StepStates.Canceled, FinishedAt = context.Now(), NextTryAt = null } : step);
        if (deployment.CurrentState != DeploymentStates.Faulted)
            await context.Releases().CloseAsync(deployment, context.CancellationToken);
        await context.Turns().PassOnAsync(context, deployment);
        context.RecordEnd();
        if (deployment.CurrentState is DeploymentStates.Faulted or DeploymentStates.Canceled && deployment.Step is { } last)
            context.ErrorQueues().Disturb(last);
        var ended = deployment.Ended();
        await context.Publish(ended, ended.GetType());
    }

    private static void EndWith<T>(this BehaviorContext<DeploymentState, T> context, string stepState, string kind, string reason, string message)
        where T : class
    {
        var deployment = context.Saga;
        deployment.FailureKind = kind;
        deployment.FailureStep = deployment.Step;
        deployment.FailureReason = reason;
        deployment.FailureMessage = message;
        deployment.Amend(step => step with { State = stepState, FinishedAt = context.Now(), Error = message, NextTryAt = null });
    }

    /// <summary>How often the attempt was tried: its last round of tries has ended without the saga being told of each.</summary>
    private static void CountTries<T>(this BehaviorContext<DeploymentState, T> context, string? exceptionType)
        where T : class
    {
        var policy = context.Policies()[context.Saga.Step!];
        context.Saga.Amend(step => (exceptionType == typeof(StepPermanentException).FullName, step.Try, policy.Redelivery.Length) switch
        {
            (true, var before, _) => step with { Try = (before ?? 0) + 1, MaxTries = policy.MaxTries },
            // Never put off, though it should have been: it has not been tried as others are, if at all.
            (false, null, > 0) => step,
            _ => step with { Try = policy.MaxTries, MaxTries = policy.MaxTries },
        });
    }

    /// <summary>Writes down what an operator did, in the same transaction as its effect.</summary>
    private static void Record<T>(this BehaviorContext<DeploymentState, T> context, string action, string by, string? reason, string? fromStep = null)
        where T : class
    {
        context.Db().OperatorActions.Add(new OperatorAction
        {
            Id = NewId.NextGuid(),
            DeploymentId = context.Saga.CorrelationId,
            Action = action,
            Step = context.Saga.Step,
            Attempt = context.Saga.Attempt,
            FromStep = fromStep,
            Reason = reason,
            By = by,
            At = context.Now(),
        });
        context.ErrorQueues().Disturb(context.Saga.Step!);
    }

    /// <summary>Writes a line of the deployment's log, in the same transaction as what it tells of.</summary>
    internal static void Say<T>(this BehaviorContext<DeploymentState, T> context, string line)
        where T : class => context.Db().LogBatches.Add(new LogBatch
        {
            DeploymentId = context.Saga.CorrelationId,
            Step = context.Saga.Step ?? Step.DownloadCode,
            Attempt = context.Saga.Attempt,
            LogId = Guid.NewGuid(),
            Batch = 1,
            At = context.Now(),
            Text = line,
        });

    private static DateTime Now(this PipeContext context) =>
        context.GetPayload<IServiceProvider>().GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime;

    private static StepPolicies Policies(this PipeContext context) => context.GetPayload<IServiceProvider>().GetRequiredService<StepPolicies>();

    private static TimeSpan Limit(this PipeContext context, string step) => context.Policies()[step].Deadline;

    private static ErrorQueueState ErrorQueues(this PipeContext context) => context.GetPayload<IServiceProvider>().GetRequiredService<ErrorQueueState>();

    private static PaasDbContext Db(this PipeContext context) => context.GetPayload<IServiceProvider>().GetRequiredService<PaasDbContext>();

    private static BranchHeads Heads(this PipeContext context) => context.GetPayload<IServiceProvider>().GetRequiredService<BranchHeads>();

    private static Turns Turns(this PipeContext context) => context.GetPayload<IServiceProvider>().GetRequiredService<Turns>();

    private static Releases Releases(this PipeContext context) => context.GetPayload<IServiceProvider>().GetRequiredService<Releases>();
}
