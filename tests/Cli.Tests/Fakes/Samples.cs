using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests.Fakes;

/// <summary>Answers of the API to choose from.</summary>
internal static class Samples
{
    public static readonly Guid Id = Guid.Parse("0a1b2c3d-0000-4000-8000-00000000beef");
    public const string Name = "shop#7";
    public static readonly DateTime Begun = new(2026, 5, 4, 10, 30, 0, DateTimeKind.Utc);

    public static AppResponse App(string name = "shop") => new()
    {
        Id = Guid.Parse("11111111-0000-4000-8000-000000000001"),
        Name = name,
        Repository = "https://git.example.com/me/shop",
        Branch = "main",
        Target = Target.Local,
        Environment = "production",
        Policy = ConcurrencyPolicy.Latest,
        CreatedAt = Begun,
        Url = $"http://{name}.localhost:8080/",
        WebhookUrl = "http://127.0.0.1:8080/webhooks/github",
        Release = 3,
        LastDeploymentState = DeploymentStates.Succeeded,
    };

    public static InstanceResponse Instance(string name = "web.1", string app = "shop") => new()
    {
        App = app,
        Name = name,
        Process = name.Split('.')[0],
        Release = 3,
        State = InstanceState.Running,
        Since = DateTime.UtcNow.AddMinutes(-5),
        Restarts = 0,
    };

    public static Page<T> Page<T>(params T[] items) => new() { Items = items };

    /// <summary>A deployment in a state, with its first steps in the states given.</summary>
    public static DeploymentResponse Deployment(string state, params string[] steps) => new()
    {
        Id = Id,
        Number = 7,
        Name = Name,
        App = "shop",
        Environment = "production",
        Trigger = DeploymentTriggers.Push,
        Commit = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d",
        CommitMessage = "Sell [red]apples[/]\n\nAnd pears.",
        Ref = "refs/heads/main",
        State = state,
        Step = Step.InOrder[Math.Max(0, steps.Length - 1)],
        Attempt = 1,
        CreatedAt = Begun,
        FinishedAt = DeploymentStates.IsFinal(state) ? Begun.AddSeconds(12.3) : null,
        Steps = [.. Step.InOrder.Select((name, index) => StepOf(name, index < steps.Length ? steps[index] : StepStates.Pending, index))],
        Release = state == DeploymentStates.Succeeded ? 4 : null,
        Url = state == DeploymentStates.Succeeded ? "http://shop.localhost:8080/" : null,
    };

    public static DeploymentResponse Succeeded() => Deployment(DeploymentStates.Succeeded, [.. Enumerable.Repeat(StepStates.Succeeded, 6)]);

    public static DeploymentResponse Failed() => Deployment(DeploymentStates.Failed, StepStates.Succeeded, StepStates.Failed) with
    {
        Failure = new DeploymentFailureResponse
        {
            Kind = "failed",
            Step = Step.ValidateConfiguration,
            Reason = FailureReason.ManifestInvalid,
            Message = ".paas.yml, line 3: 'entrypont' is not known; did you mean 'entrypoint'?",
        },
    };

    public static DeploymentResponse Faulted() => Deployment(DeploymentStates.Faulted, StepStates.Faulted) with
    {
        Failure = new DeploymentFailureResponse
        {
            Kind = "faulted",
            Step = Step.DownloadCode,
            Reason = FailureReason.StepFaulted,
            Message = "git.example.com does not answer.",
        },
    };

    private static DeploymentStepResponse StepOf(string name, string state, int index) => new()
    {
        Name = name,
        State = state,
        Attempt = 1,
        StartedAt = state is StepStates.Pending or StepStates.Skipped ? null : Begun.AddSeconds(index),
        FinishedAt = state is StepStates.Pending or StepStates.Skipped or StepStates.Running or StepStates.Retrying ? null : Begun.AddSeconds(index + 0.4),
    };
}
