using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Network;
using Paas.ImageBuilder.Docker;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>What a developer is told about a build that fails, on a real engine, with both of its builders.</summary>
public sealed class BuildFailureTests : IClassFixture<BusyBoxEngine>, IDisposable
{
    private const long Cap = 64 * 1024 * 1024;
    private readonly DockerEngine _engine;
    private readonly BuildBench _bench;

    public BuildFailureTests(BusyBoxEngine fixture)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _engine = fixture.Engine;
        _bench = new BuildBench(_engine);
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_step_that_fails_is_told_with_its_number_its_exit_code_and_its_last_lines(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        var command = await _bench.CommandAsync(
            "FROM busybox:stable\nRUN echo fine\nRUN seq 20 && echo no such thing && exit 7\nRUN echo never\nRUN echo never\n");

        var failure = await _bench.FailAsync(command);

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldStartWith(
            "Step 3 of 5 of the Dockerfile, 'RUN seq 20 && echo no such thing && exit 7', ended with exit code 7. The last it said:\n");
        failure.Message.ShouldEndWith("    20\n    no such thing\nCorrect it and push again.");
        failure.Message.Split('\n').Length.ShouldBe(12);
        (await _engine.DockerAsync("ps", "-aq")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_Dockerfile_that_does_not_parse_is_told_with_its_line(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;

        var failure = await _bench.FailAsync(await _bench.CommandAsync("FROM busybox:stable\nRUNN echo\n"));

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldBe("Dockerfile cannot be read: unknown instruction: RUNN (line 2: 'RUNN echo'). Correct it and push again.");
    }

    [Fact]
    public async Task A_Dockerfile_that_is_not_there_is_named()
    {
        var failure = await _bench.FailAsync(await _bench.CommandAsync(
            new BuildPlan { Runtime = RuntimeName.Docker, Dockerfile = "docker/nope" }, ("Dockerfile", "FROM busybox:stable\n")));

        failure.Message.ShouldBe("There is no file 'docker/nope' in the repository. Commit it, or name the Dockerfile under build.dockerfile in .paas.yml.");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_file_that_is_not_there_to_be_copied_is_named(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;

        var failure = await _bench.FailAsync(await _bench.CommandAsync("FROM busybox:stable\nCOPY nope /x\n"));

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldContain("nope");
        failure.Message.ShouldEndWith("Correct it and push again.");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_stage_that_is_not_there_is_named(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;

        var failure = await _bench.FailAsync(await _bench.CommandAsync(
            BuildBench.OwnDockerfile with { DockerTarget = "nix" }, ("Dockerfile", "FROM busybox:stable\n")));

        failure.Message.ShouldStartWith("The image cannot be built: ");
        failure.Message.ShouldContain("nix");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_base_image_that_its_registry_does_not_have_is_the_developers_to_correct(long? memory)
    {
        Assert.SkipUnless(RegistryServer.IsInstalled, "docker-registry is not installed here.");
        await using var registry = await RegistryServer.StartNewAsync();
        _bench.Options.BuildMemoryBytes = memory;
        _bench.Options.AllowedHosts = ["127.0.0.1"];
        var image = $"{registry.Url.Authority}/nothing:1";

        var failure = await _bench.FailAsync(await _bench.CommandAsync($"FROM {image}\nRUN echo\n"));

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldStartWith($"The base image {image} cannot be had: ");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_registry_that_cant_be_reached_is_tried_again(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        _bench.Options.AllowedHosts = ["127.0.0.1:1"];
        const string image = "127.0.0.1:1/python:3";

        var fault = await Should.ThrowAsync<NetworkTroubleException>(_bench.BuildAsync(await _bench.CommandAsync($"FROM {image}\nRUN echo\n")));

        fault.Message.ShouldStartWith($"The base image {image} is not on the Docker Engine, and its registry cannot be reached: ");
        fault.Message.ShouldContain("connection refused");
        fault.Message.ShouldEndWith("If this lasts, check that the machine of the Docker Engine can reach 127.0.0.1:1: its network, DNS and proxy.");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_step_that_can_fetch_nothing_is_tried_again(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        var command = await _bench.CommandAsync("FROM busybox:stable\nRUN wget -O /x http://mirror.nowhere.example/x\n");

        var fault = await Should.ThrowAsync<NetworkTroubleException>(_bench.BuildAsync(command));

        fault.Message.ShouldStartWith("wget could not reach mirror.nowhere.example: the name could not be resolved. Step 2 of 2 of the Dockerfile, 'RUN wget -O /x http://mirror.nowhere.example/x', needs it and ended with exit code 1. ");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_file_that_can_not_be_fetched_is_tried_again(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        _bench.Options.AllowedHosts = ["127.0.0.1"];

        var fault = await Should.ThrowAsync<NetworkTroubleException>(_bench.BuildAsync(await _bench.CommandAsync("FROM busybox:stable\nADD http://127.0.0.1:1/x /x\n")));

        fault.Message.ShouldStartWith("The Docker Engine could not reach 127.0.0.1:1: no connection could be made. ");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_test_that_can_reach_nothing_is_the_developers_to_correct(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        var command = await _bench.CommandAsync(
            "FROM busybox:stable\nRUN (wget -O /x http://db.nowhere.example/x; wget -O /x http://127.0.0.1:5432/); echo 'FAIL: connection refused, i/o timeout, 503 Service Unavailable'; exit 1\n");

        (await _bench.FailAsync(command)).Reason.ShouldBe(FailureReason.BuildFailed);
    }

    [Fact]
    public async Task Too_much_memory_names_the_cap_and_its_setting()
    {
        _bench.Options.BuildMemoryBytes = Cap;
        var command = await _bench.CommandAsync("FROM busybox:stable\nRUN echo greedy && exec dd if=/dev/zero of=/dev/null bs=200M count=1\n");

        var failure = await _bench.FailAsync(command);

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldContain("was killed (exit code 137): each step may use 64 MiB of memory, and it wanted more.");
        failure.Message.ShouldEndWith("ImageBuilder__BuildMemoryBytes.");
        (await _engine.DockerAsync("ps", "-aq")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_fork_bomb_stays_within_the_cap_and_ends_with_its_build()
    {
        _bench.Options.BuildMemoryBytes = Cap;
        _bench.Options.Timeout = TimeSpan.FromSeconds(10);

        var failure = await _bench.FailAsync(await _bench.CommandAsync("FROM busybox:stable\nRUN bomb() { bomb & bomb; wait; }; bomb; exit 9\n"));

        failure.Reason.ShouldBeOneOf(FailureReason.BuildFailed, FailureReason.BuildTimedOut);
        for (var started = TimeProvider.System.GetTimestamp(); (await _engine.DockerAsync("ps", "-aq")).Length > 0;)
        {
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(60), "its container is removed");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_fork_bomb_in_a_control_group_is_refused_more_processes_and_ends_at_once()
    {
        using var group = new ControlGroup(maxProcesses: 40);
        _bench.Options.BuildCgroup = group.Name;

        var failure = await _bench.FailAsync(await _bench.CommandAsync("FROM busybox:stable\nRUN bomb() { bomb & bomb; wait; }; bomb; exit 9\n"));

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldStartWith("Step 2 of 2 of the Dockerfile, 'RUN bomb() { bomb & bomb; wait; }; bomb; exit 9', ended with exit code ");
        failure.Message.ShouldContain(", and was refused another process: builds may have only so many.");
        failure.Message.ShouldEndWith("(ImageBuilder__BuildCgroup).");
        group.Processes.ShouldBe(0);
    }

    [Fact]
    public async Task An_image_over_the_cap_is_removed_and_names_the_setting()
    {
        _bench.Options.MaxImageBytes = 4 * 1024 * 1024;
        var command = await _bench.CommandAsync("FROM busybox:stable\nRUN dd if=/dev/zero of=/big bs=1M count=8\n");

        var failure = await _bench.FailAsync(command);

        failure.Reason.ShouldBe(FailureReason.ImageTooLarge);
        failure.Message.ShouldContain("and 4 MiB are allowed; it was removed.");
        failure.Message.ShouldContain("ImageBuilder__MaxImageBytes");
        (await _engine.DockerAsync("images", "-q", "--filter", $"label={ImageLabels.App}={command.AppId:D}")).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_engine_that_is_away_is_not_the_developers_fault()
    {
        var engine = await DockerEngine.StartNewAsync();
        await using var _ = engine;
        using var bench = new BuildBench(engine);
        var command = await bench.CommandAsync("FROM scratch\n");
        engine.Kill();

        await Should.ThrowAsync<EngineUnreachableException>(bench.BuildAsync(command));
    }
}
