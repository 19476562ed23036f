using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Docker;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>Commands that run once, in containers of their own.</summary>
public sealed class RunTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Fact]
    public async Task A_command_has_what_the_release_has_and_tells_what_it_printed_and_how_it_ended()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:AppMemory", "64"));
        var sealer = platform.Platform.Services.GetRequiredService<SecretSealer>();
        var release = platform.Release(3, Plan(Worker)) with { SealedConfigVars = sealer.SealAll(new Dictionary<string, string> { ["COLOUR"] = "blue", ["SIZE"] = "small" }) };
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform.Platform, Target.Docker);

        var command = runs.Command(release, "sh", "-c", "echo $COLOUR $SIZE $PAAS_RELEASE \"<$PORT>\"; echo oops >&2; exit 7", "unused $COLOUR")
            with
        { SealedVariables = sealer.SealAll(new Dictionary<string, string> { ["COLOUR"] = "red" }) };
        var (run, lines) = await runs.RunAsync(command);

        lines.Select(line => (line.Text, line.IsError)).Order().ShouldBe([("oops", true), ("red small v3 <>", false)]);
        lines.ShouldAllBe(line => line.Source == run.Name);
        run.Name.ShouldMatch(@"^run\.\d{4}$");
        (run.ExitCode, run.Reason, run.Message, run.Release).ShouldBe((7, null, null, 3));
        run.Command.ShouldBe(command.Command);
        run.FinishedAt.ShouldNotBeNull();
        var container = await platform.InspectAsync($"paas-shop-run-{run.RunId:N}");
        container.GetProperty("HostConfig").GetProperty("Memory").GetInt64().ShouldBe(64 * 1024 * 1024);
        container.GetProperty("HostConfig").GetProperty("CapDrop")[0].GetString().ShouldBe("ALL");
        container.GetProperty("NetworkSettings").GetProperty("Networks").EnumerateObject().Select(network => network.Name).ShouldBe([$"paas-{platform.App}"]);
        (await runs.FindAsync(run.Name)).Runs.Single().RunId.ShouldBe(run.RunId);
        (await runs.FindAsync("run.1")).Failure!.Reason.ShouldBe(TargetFailureReason.NotFound);
    }

    [Fact]
    public async Task A_command_that_comes_twice_runs_once_also_if_it_was_made_and_not_started()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var release = platform.Release(1, Plan(Worker));
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform.Platform, Target.Docker);
        var command = runs.Command(release, "sh", "-c", "echo ran");
        var names = (await Task.WhenAll(runs.StartAsync(command), runs.StartAsync(command), runs.StartAsync(command))).Select(run => run.Name).Distinct();
        names.Count().ShouldBe(1);
        (await runs.EndOfAsync(command.RunId)).Lines.Select(line => line.Text).ShouldBe(["ran"]);
        await runs.StartAsync(command);
        (await runs.EndOfAsync(command.RunId)).Lines.Select(line => line.Text).ShouldBe(["ran"]);

        // As a deployer leaves it that was killed in between.
        var other = runs.Command(release, "echo", "ran later");
        await engine.DockerAsync(
            "create", "--name", $"paas-shop-run-{other.RunId:N}", "--label", $"io.paas.app={platform.App}", "--label", $"io.paas.run={other.RunId}",
            "--label", "io.paas.run-name=run.1111", "--label", "io.paas.run-limit=600", "--label", "io.paas.run-release=1", "busybox", "echo", "ran later");
        (await runs.FindAsync()).Runs.Single(run => run.RunId == other.RunId).State.ShouldBe(RunStates.Running);
        var (ended, lines) = await runs.RunAsync(other);
        (ended.Name, ended.ExitCode, lines.Single().Text).ShouldBe(("run.1111", 0, "ran later"));
    }

    [Fact]
    public async Task Ends_that_an_exit_code_does_not_tell_of_are_said()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:AppMemory", "16"));
        var release = platform.Release(1, Plan(Worker));
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform.Platform, Target.Docker);

        var (missing, _) = await runs.RunAsync(runs.Command(release, "no-such-command", "x"));
        (missing.ExitCode, missing.Reason).ShouldBe((127, RunEnds.CommandNotFound));
        missing.Message!.ShouldContain("'no-such-command' was not found");

        var (own, _) = await runs.RunAsync(runs.Command(release, "sh", "-c", "exit 127"));
        (own.ExitCode, own.Reason).ShouldBe((127, null));

        var (late, lines) = await runs.RunAsync(runs.Command(release, "sh", "-c", "trap 'echo told; exit 0' TERM; echo begun; while true; do usleep 20000; done")
            with
        { TimeLimit = TimeSpan.FromSeconds(2) });
        (late.ExitCode, late.Reason).ShouldBe((124, RunEnds.TimedOut));
        late.Message!.ShouldContain("2 s");
        lines.Select(line => line.Text).ShouldBe(["begun", "told"]);

        var (large, _) = await runs.RunAsync(runs.Command(release, "sh", "-c", "x=0123456789; while true; do x=$x$x; done"));
        (large.ExitCode, large.Reason).ShouldBe((137, RunEnds.OutOfMemory));
        large.Message!.ShouldContain("16 MiB");
    }

    [Fact]
    public async Task A_run_can_be_stopped_and_there_are_only_so_many_at_once()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:MaxRuns", "2"));
        var release = platform.Release(1, Plan(Worker));
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform.Platform, Target.Docker);
        var first = await runs.StartAsync(runs.Command(release, "sleep", "1000"));
        var second = await runs.StartAsync(runs.Command(release, "sleep", "1000"));
        first.Name.ShouldNotBe(second.Name);
        var third = await runs.TryStartAsync(runs.Command(release, "true"));
        third.Failure!.Reason.ShouldBe(TargetFailureReason.Refused);
        third.Failure.Message.ShouldContain("2 runs under way");

        var stopped = await runs.StopAsync(first.RunId);
        (stopped.State, stopped.ExitCode).ShouldBe((RunStates.Ended, 143));
        (await runs.RunAsync(runs.Command(release, "true"))).Run.ExitCode.ShouldBe(0);
        (await runs.FindAsync()).Runs.Count.ShouldBe(3);
        await runs.StopAsync(second.RunId);
    }

    [Fact]
    public async Task Runs_are_no_instances_and_go_on_when_a_new_release_takes_over()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var release = platform.Release(1, Plan(Web()));
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform.Platform, Target.Docker);
        var run = await runs.StartAsync(runs.Command(release, "sh", "-c", "echo mine; exec sleep 1000"));
        await platform.DeployAsync(2, Plan(Web()));
        (await platform.AskAsync()).ShouldBe("v2");
        platform.Router.RouteOf(platform.App)!.Instances.Count.ShouldBe(1);
        (await runs.FindAsync($"{run.RunId}")).Runs.Single().State.ShouldBe(RunStates.Running);
        (await platform.ContainersAsync()).ShouldBe([$"paas-shop-run-{run.RunId:N}", "paas-shop-v2-web-1"]);
        var log = await platform.Platform.Services.GetRequiredService<OutputReader>()
            .ReadAsync(Follower.Question(platform.App, Target.Docker) with { Wait = TimeSpan.Zero }, TestContext.Current.CancellationToken);
        log.Lines.ShouldNotContain(line => line.Text == "mine");

        await platform.RemoveAsync();
        (await platform.ContainersAsync()).ShouldBeEmpty();
        (await runs.TryStartAsync(runs.Command(release, "true"))).Failure!.Message.ShouldContain("was removed");
        (await platform.ContainersAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_run_has_printed_is_kept_for_a_time()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:KeepRuns", "00:00:03"));
        var release = platform.Release(1, Plan(Worker));
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform.Platform, Target.Docker);
        (await runs.RunAsync(runs.Command(release, "true"))).Run.ExitCode.ShouldBe(0);
        (await platform.ContainersAsync()).Length.ShouldBe(2);
        // It is looked for when another one starts at the latest.
        await TestPlatform.UntilAsync(() => runs.FindAsync().Result.Runs.All(run => run.FinishedAt < DateTime.UtcNow.AddSeconds(-3)), "its time is over");
        await runs.RunAsync(runs.Command(release, "true"));
        await TestPlatform.UntilAsync(() => runs.FindAsync().Result.Runs.Count == 1, "it was removed");
    }

    [Fact]
    public async Task A_run_goes_on_when_the_deployer_is_killed_and_its_time_limit_with_it()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        try
        {
            var app = Guid.NewGuid();
            var first = await StartAsync(engine, folder, app);
            var release = first.Release(1, Plan(Worker));
            await first.DeployAsync(release);
            await first.Platform.DisposeAsync();
            var runs = new TestRuns(first.Platform, Target.Docker);
            var counts = runs.Command(release, "sh", "-c", "i=0; while test $i -lt 400; do i=$((i+1)); echo $i; usleep 20000; done; exit 5");
            var endless = runs.Command(release, "sleep", "1000") with { TimeLimit = TimeSpan.FromSeconds(6) };
            await Crashes.CrashingRuns.KillAfterAsync(folder, engine.Endpoint, [counts, endless]);

            await using var platform = await StartAsync(engine, folder, app);
            runs = new TestRuns(platform.Platform, Target.Docker);
            // Their commands come again, since nobody has said that they were done.
            (await runs.StartAsync(counts)).State.ShouldBe(RunStates.Running);
            (await runs.StartAsync(endless)).RunId.ShouldBe(endless.RunId);
            var (run, lines) = await runs.EndOfAsync(counts.RunId);
            run.ExitCode.ShouldBe(5);
            Sequence.ShouldBeSame(lines.Select(line => line.Text), Enumerable.Range(1, 400).Select(i => $"{i}"));
            (await runs.EndOfAsync(endless.RunId)).Run.Reason.ShouldBe(RunEnds.TimedOut);
            (await platform.ContainersAsync()).Length.ShouldBe(3);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ProcessType Worker => Process("worker", "exec sleep 1000");
}
