using System.Text.Json.Nodes;
using Paas.Cli.Tests.Fakes;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests;

/// <summary>The operator's commands.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private static readonly Guid MessageId = Guid.Parse("22222222-0000-4000-8000-000000000002");
    private FakePlatform _platform = null!;
    private PaasCommand _paas = null!;

    public async ValueTask InitializeAsync()
    {
        _platform = await FakePlatform.StartAsync();
        _paas = new PaasCommand(_platform);
    }

    public async ValueTask DisposeAsync()
    {
        _paas.Dispose();
        await _platform.DisposeAsync();
    }

    [Fact]
    public async Task Faults_are_listed_with_what_an_operator_needs()
    {
        _platform.On("GET /v1/admin/faults", Samples.Page(Fault()));
        _platform.On("GET /v1/admin/dead-messages", Samples.Page<DeadMessageResponse>());

        (await _paas.RunAsync("faults")).ShouldBe(new Outcome(0, $"""
            DEPLOYMENT  COMMIT   STEP        ATTEMPT  TRIES  REPLAYS  SINCE     MESSAGE
            shop#7      1a2b3c4  BuildImage  2        15     1        just now  No Docker Engine answers.
            The whole story of one: paas faults APP#N. When the cause is gone: paas replay APP#N, or paas replay --all

            """, ""));
    }

    [Fact]
    public async Task Faults_are_chosen_by_step_app_and_time()
    {
        _platform.On("GET /v1/admin/faults", Samples.Page<FaultResponse>());

        var outcome = await _paas.RunAsync("faults", "--step", "BuildImage", "--app", "a b", "--since", "2026-01-31T08:00", "--until", "2026-01-31T10:00+01:00");

        outcome.ShouldBe(new Outcome(0, "No faults. Nothing waits to be replayed.\n", ""));
        _platform.Only("GET", "/v1/admin/faults").Target.ShouldBe(
            "/v1/admin/faults?limit=20&step=BuildImage&app=a%20b&since=2026-01-31T08%3A00%3A00.0000000Z&until=2026-01-31T09%3A00%3A00.0000000Z");
    }

    [Fact]
    public async Task The_list_of_faults_says_if_there_are_other_dead_messages_or_if_that_is_not_known()
    {
        _platform.On("GET /v1/admin/faults", Samples.Page<FaultResponse>());
        _platform.On("GET /v1/admin/dead-messages", Samples.Page(Message()));
        (await _paas.RunAsync("faults")).Output.ShouldEndWith("There are also dead messages that belong to no faulted deployment: paas dead-messages\n");
        _platform.Refuse("GET /v1/admin/dead-messages", 503, "Not available at the moment", "RabbitMQ does not answer.");
        (await _paas.RunAsync("faults")).ShouldSatisfyAllConditions(
            outcome => outcome.Output.ShouldContain("RabbitMQ does not answer the platform at the moment"), outcome => outcome.ExitCode.ShouldBe(0));
    }

    [Fact]
    public async Task The_whole_story_of_a_fault_ends_with_the_commands_to_type_next()
    {
        _platform.On($"GET /v1/admin/faults/{Samples.Id}", new FaultDetailResponse
        {
            Fault = Fault(),
            DeadMessage = Message() with { Remade = true },
            Actions =
            [
                new OperatorActionResponse
                {
                    Id = Guid.NewGuid(),
                    DeploymentId = Samples.Id,
                    Action = OperatorActions.Replay,
                    Step = Step.BuildImage,
                    Attempt = 1,
                    FromStep = Step.BuildImage,
                    By = "admin",
                    At = Samples.Begun,
                },
            ],
        });

        var outcome = await _paas.RunAsync("faults", $"{Samples.Id}");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldSatisfyAllConditions(
            output => output.ShouldContain("Step        BuildImage, attempt 2, 15 of 15 tries"),
            output => output.ShouldContain("Message     No Docker Engine answers."),
            output => output.ShouldContain("Queue         build-image_error (made anew by the platform: the original was not there)"),
            output => output.ShouldContain("  MT-Fault-Message: No Docker Engine answers.\n"),
            output => output.ShouldContain("    \"app\": \"shop\"\n"),
            output => output.ShouldContain("2026-05-04 10:30:00 UTC  admin  replay  BuildImage  1        BuildImage  -"),
            output => output.ShouldEndWith($"""
                Every try         paas logs shop#7
                Continue          paas replay shop#7
                From an earlier   paas replay shop#7 --from DownloadCode
                All of the step   paas replay --all --step BuildImage
                Give it up        paas discard shop#7 --reason TEXT

                """));
    }

    [Fact]
    public async Task A_fault_without_a_dead_message_says_why()
    {
        _platform.On($"GET /v1/admin/faults/{Samples.Id}", new FaultDetailResponse { Fault = Fault(), DeadMessageMissing = "There is no RabbitMQ.", Actions = [] });

        (await _paas.RunAsync("faults", $"{Samples.Id}")).Output.ShouldContain("\nThere is no RabbitMQ.\n");
    }

    [Theory]
    [InlineData(0, "No fault fits; nothing is replayed.")]
    [InlineData(1, "1 deployment is replayed. See how it goes: paas deployments")]
    [InlineData(12, "12 deployments are replayed. See how it goes: paas deployments")]
    public async Task Many_are_replayed_and_counted(int count, string said)
    {
        _platform.On("POST /v1/admin/faults/replay", new ReplayManyResponse { Replayed = count }, 202);

        var outcome = await _paas.RunAsync("replay", "--all", "--step", "BuildImage", "--app", "shop", "--since", "2026-01-31T08:00Z");

        outcome.ShouldBe(new Outcome(0, said + "\n", ""));
        _platform.Only("POST", "/v1/admin/faults/replay").Body.ShouldBe("""{"step":"BuildImage","app":"shop","since":"2026-01-31T08:00:00Z"}""");
        (await _paas.RunAsync("replay", "--all", "--json")).Output.ShouldBe($$"""{"replayed":{{count}}}""" + "\n");
    }

    [Fact]
    public async Task A_replay_that_is_refused_ends_with_5()
    {
        _platform.On($"GET /v1/deployments/{Samples.Id}", Samples.Succeeded());
        _platform.Refuse($"POST /v1/admin/faults/{Samples.Id}/replay", 409, "Not possible in this state", "The deployment is not faulted but Succeeded.");

        var outcome = await _paas.RunAsync("replay", $"{Samples.Id}");

        (outcome.ExitCode, outcome.Error).ShouldBe((5, "Not possible in this state. The deployment is not faulted but Succeeded.\n"));
    }

    [Fact]
    public async Task A_fault_is_given_up_with_a_reason()
    {
        var asked = 0;
        _platform.On($"GET /v1/deployments/{Samples.Id}", context => context.Response.WriteJsonAsync(
            Interlocked.Increment(ref asked) <= 2 ? Samples.Faulted() : Samples.Faulted() with { State = DeploymentStates.Canceled }));
        _platform.On($"POST /v1/admin/faults/{Samples.Id}/discard", context => context.Response.WriteNothingAsync(202));

        var outcome = await _paas.RunAsync("discard", $"{Samples.Id}", "--reason", "Too old.");

        outcome.ShouldBe(new Outcome(0, $"Deployment shop#7 is given up.\n", ""));
        _platform.Only("POST", $"/v1/admin/faults/{Samples.Id}/discard").Body.ShouldBe("""{"reason":"Too old."}""");
    }

    [Fact]
    public async Task Dead_messages_are_listed_and_discarded()
    {
        _platform.On("GET /v1/admin/dead-messages", Samples.Page(Message()));
        _platform.On($"POST /v1/admin/dead-messages/{MessageId}/discard", context => context.Response.WriteNothingAsync(204));

        (await _paas.RunAsync("dead-messages")).Output.ShouldContain($"{MessageId}  build-image_error  BuildImage  just now  No Docker Engine answers.");
        (await _paas.RunAsync("dead-messages", "discard", $"{MessageId}", "--reason", "A test.")).ShouldBe(new Outcome(0, $"The message {MessageId} is removed.\n", ""));
        _platform.Only("POST", $"/v1/admin/dead-messages/{MessageId}/discard").Body.ShouldBe("""{"reason":"A test."}""");
    }

    private static FaultResponse Fault() => new()
    {
        Id = Samples.Id,
        Name = Samples.Name,
        App = "shop",
        Environment = "production",
        Commit = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d",
        Step = Step.BuildImage,
        Reason = FailureReason.StepFaulted,
        ExceptionType = "System.IO.IOException",
        Message = "No Docker Engine answers.",
        Attempt = 2,
        Tries = 15,
        MaxTries = 15,
        FaultedAt = DateTime.UtcNow,
        Replays = 1,
    };

    private static DeadMessageResponse Message() => new()
    {
        MessageId = MessageId,
        Queue = "build-image_error",
        MessageType = nameof(BuildImage),
        DeploymentId = Samples.Id,
        Attempt = 2,
        DeadSince = DateTime.UtcNow,
        Message = "No Docker Engine answers.",
        Headers = new Dictionary<string, string> { ["MT-Reason"] = "fault", ["MT-Fault-Message"] = "No Docker Engine answers." },
        Body = JsonNode.Parse("""{"message":{"app":"shop"}}"""),
    };
}
