using MassTransit;
using Paas.Contracts;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Deployments;

/// <summary>
/// The life of a deployment: the one place that knows the order of the steps. What a verb does stands in
/// <see cref="DeploymentActivities"/>. Late, repeated and stale messages change nothing: a step's message counts only
/// while its step and attempt are the current ones, and whatever a state does not mention is ignored in it.
/// </summary>
public sealed class DeploymentStateMachine : MassTransitStateMachine<DeploymentState>
{
    public DeploymentStateMachine()
    {
        InstanceState(x => x.CurrentState);
        OnUnhandledEvent(x => x.Ignore());
        CorrelateEvents();

        State[] working = [DownloadingCode, ValidatingConfiguration, BuildingImage, PublishingImage, DeployingRelease, ResolvingUrl];
        State[] overtakable = [Requested, DownloadingCode, ValidatingConfiguration, WaitingForTurn];

        // The way of a deployment in which nothing goes wrong.
        During(Requested,
            When(DeploymentRequested).If(x => !x.Saga.HeadUnconfirmed, sure => sure.SupersedeOlder()).IfElse(x => x.Saga.NeedsNoBuild(),
                release => release.TakeTurn(this),
                build => build.Begin(Step.DownloadCode, this)));
        During(DownloadingCode,
            When(CodeDownloaded, IsCurrent).Complete().Remember(SourceOf).ConfirmHead().Begin(Step.ValidateConfiguration, this),
            When(CodeOvertaken, IsCurrent).Overtake(this));
        During(ValidatingConfiguration,
            When(ConfigurationValidated, IsCurrent).Complete().Remember(PlansOf).TakeTurn(this));
        During(WaitingForTurn,
            When(TurnGranted).TakeTurn(this));
        During(BuildingImage,
            When(ImageBuilt, IsCurrent).Complete().Remember(ImageOf).Begin(Step.PublishImage, this));
        During(PublishingImage,
            When(ImagePublished, IsCurrent).Complete().Remember(DigestOf).Begin(Step.DeployRelease, this),
            When(BuiltImageLost, IsCurrent).BuildAgain(this));
        During(DeployingRelease,
            When(ReleaseDeployed, IsCurrent).Complete().MarkReleaseLive().Begin(Step.ResolveUrl, this));
        During(ResolvingUrl,
            When(UrlResolved, IsCurrent).Complete().Remember(UrlOf).TransitionTo(Succeeded).Finish());

        // What can go wrong in any step.
        During(working,
            When(StepRetryScheduled, IsCurrent).NoteRetry(),
            When(StepFailed, IsCurrent).RecordFailure().TransitionTo(Failed).Finish(),
            When(StepFaulted, IsCurrentFault).RecordFault().TransitionTo(Faulted).Finish(),
            When(StepDeadlineExpired, IsCurrent).StopStep().IfElse(x => x.Saga.HasExpiredBefore(),
                giveUp => giveUp.RecordExpiry().TransitionTo(Faulted).Finish(),
                again => again.RecordExpiry().BeginAgain(this)));
        During(Faulted,
            When(ReplayDeployment, IsMeant).Replay(this),
            When(DiscardDeployment, IsMeant).Discard().TransitionTo(Canceled).Finish(),
            When(CancelDeployment).NoteCancelation().TransitionTo(Canceled).Finish());

        // Overtaken, or no longer wanted.
        During(overtakable,
            When(SupersedeDeployment).StopStep().RecordSuccessor().TransitionTo(Superseded).Finish());
        During([Requested, WaitingForTurn],
            When(CancelDeployment).NoteCancelation().TransitionTo(Canceled).Finish());
        During(working,
            When(CancelDeployment).NoteCancelation().StopStep().IfElse(x => x.Saga.IsBetweenTries(),
                idle => idle.TransitionTo(Canceled).Finish(),
                busy => busy.TransitionTo(Canceling).AwaitStop()));
        During(Canceling,
            When(StepStopped, IsCurrent).TransitionTo(Canceled).Finish(),
            When(StepFailed, IsCurrent).TransitionTo(Canceled).Finish(),
            When(StepFaulted, IsCurrentFault).TransitionTo(Canceled).Finish(),
            When(StepRetryScheduled, IsCurrent).TransitionTo(Canceled).Finish(),
            When(StepDeadlineExpired, IsCurrent).TransitionTo(Canceled).Finish(),
            When(CodeDownloaded, IsCurrent).TransitionTo(Canceled).Finish(),
            When(CodeOvertaken, IsCurrent).TransitionTo(Canceled).Finish(),
            When(ConfigurationValidated, IsCurrent).TransitionTo(Canceled).Finish(),
            When(ImageBuilt, IsCurrent).TransitionTo(Canceled).Finish(),
            When(ImagePublished, IsCurrent).TransitionTo(Canceled).Finish(),
            When(BuiltImageLost, IsCurrent).TransitionTo(Canceled).Finish(),
            // Too late: the release has taken over, so the deployment goes on and says so.
            When(ReleaseDeployed, IsCurrent).Complete().NoteTooLate().MarkReleaseLive().Begin(Step.ResolveUrl, this),
            When(UrlResolved, IsCurrent).Complete().NoteTooLate().Remember(UrlOf).TransitionTo(Succeeded).Finish());
    }

    public State Requested { get; private set; } = null!;
    public State DownloadingCode { get; private set; } = null!;
    public State ValidatingConfiguration { get; private set; } = null!;
    public State WaitingForTurn { get; private set; } = null!;
    public State BuildingImage { get; private set; } = null!;
    public State PublishingImage { get; private set; } = null!;
    public State DeployingRelease { get; private set; } = null!;
    public State ResolvingUrl { get; private set; } = null!;
    public State Canceling { get; private set; } = null!;
    public State Succeeded { get; private set; } = null!;
    public State Failed { get; private set; } = null!;
    public State Faulted { get; private set; } = null!;
    public State Canceled { get; private set; } = null!;
    public State Superseded { get; private set; } = null!;

    public Event<DeploymentRequested> DeploymentRequested { get; private set; } = null!;
    public Event<TurnGranted> TurnGranted { get; private set; } = null!;
    public Event<CodeDownloaded> CodeDownloaded { get; private set; } = null!;
    public Event<CodeOvertaken> CodeOvertaken { get; private set; } = null!;
    public Event<ConfigurationValidated> ConfigurationValidated { get; private set; } = null!;
    public Event<ImageBuilt> ImageBuilt { get; private set; } = null!;
    public Event<ImagePublished> ImagePublished { get; private set; } = null!;
    public Event<BuiltImageLost> BuiltImageLost { get; private set; } = null!;
    public Event<ReleaseDeployed> ReleaseDeployed { get; private set; } = null!;
    public Event<UrlResolved> UrlResolved { get; private set; } = null!;
    public Event<IStepFailed> StepFailed { get; private set; } = null!;
    public Event<Fault<IStepCommand>> StepFaulted { get; private set; } = null!;
    public Event<StepRetryScheduled> StepRetryScheduled { get; private set; } = null!;
    public Event<StepStopped> StepStopped { get; private set; } = null!;
    public Event<StepDeadlineExpired> StepDeadlineExpired { get; private set; } = null!;
    public Event<CancelDeployment> CancelDeployment { get; private set; } = null!;
    public Event<SupersedeDeployment> SupersedeDeployment { get; private set; } = null!;
    public Event<ReplayDeployment> ReplayDeployment { get; private set; } = null!;
    public Event<DiscardDeployment> DiscardDeployment { get; private set; } = null!;

    /// <summary>The state in which a deployment is while it works on a step.</summary>
    internal State StateOf(string step) => step switch
    {
        Step.DownloadCode => DownloadingCode,
        Step.ValidateConfiguration => ValidatingConfiguration,
        Step.BuildImage => BuildingImage,
        Step.PublishImage => PublishingImage,
        Step.DeployRelease => DeployingRelease,
        Step.ResolveUrl => ResolvingUrl,
        _ => throw new ArgumentException($"There is no step named '{step}'.", nameof(step)),
    };

    private static bool IsCurrent<T>(BehaviorContext<DeploymentState, T> context)
        where T : class, IStepMessage => IsCurrent(context.Saga, context.Message);

    private static bool IsCurrentFault(BehaviorContext<DeploymentState, Fault<IStepCommand>> context) =>
        IsCurrent(context.Saga, context.Message.Message);

    private static bool IsMeant(BehaviorContext<DeploymentState, ReplayDeployment> context) =>
        context.Message.FaultedAttempt is null || IsCurrent(context.Saga, context.Message.FaultedStep, context.Message.FaultedAttempt.Value);

    private static bool IsMeant(BehaviorContext<DeploymentState, DiscardDeployment> context) =>
        IsCurrent(context.Saga, context.Message.FaultedStep, context.Message.FaultedAttempt);

    private static bool IsCurrent(DeploymentState deployment, string? step, int attempt) => deployment.Step == step && deployment.Attempt == attempt;

    private static bool IsCurrent(DeploymentState deployment, IStepMessage message) =>
        deployment.Step == message.Step && deployment.Attempt == message.Attempt;

    private static void SourceOf(DeploymentState deployment, CodeDownloaded downloaded)
    {
        deployment.Commit = downloaded.Commit;
        deployment.CommitMessage ??= downloaded.CommitMessage;
        deployment.SourceDigest = downloaded.SourceDigest;
    }

    private static void PlansOf(DeploymentState deployment, ConfigurationValidated validated)
    {
        deployment.BuildPlan = validated.Build;
        deployment.RunPlan = validated.Run;
    }

    private static void ImageOf(DeploymentState deployment, ImageBuilt built)
    {
        deployment.ImageId = built.ImageId;
        deployment.Builder = built.Builder;
    }

    private static void DigestOf(DeploymentState deployment, ImagePublished published) => deployment.ImageDigest = published.ImageDigest;

    private static void UrlOf(DeploymentState deployment, UrlResolved resolved) => deployment.Url = resolved.Url;

    private void CorrelateEvents()
    {
        Event(() => DeploymentRequested, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => TurnGranted, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => CodeDownloaded, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => CodeOvertaken, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => ConfigurationValidated, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => ImageBuilt, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => ImagePublished, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => BuiltImageLost, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => ReleaseDeployed, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => UrlResolved, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => StepFailed, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => StepFaulted, x => x.CorrelateById(m => m.Message.Message.DeploymentId));
        Event(() => StepRetryScheduled, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => StepStopped, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => StepDeadlineExpired, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => CancelDeployment, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => SupersedeDeployment, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => ReplayDeployment, x => x.CorrelateById(m => m.Message.DeploymentId));
        Event(() => DiscardDeployment, x => x.CorrelateById(m => m.Message.DeploymentId));
    }
}
