using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Crashes;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Processes;
using Paas.Hosting.Secrets;

namespace Paas.Deployer.Tests.Local;

/// <summary>Commands that run once, as processes; and the log of the instances beside them.</summary>
public sealed class RunTests
{
    [Fact]
    public async Task A_command_has_what_the_release_has_and_tells_what_it_printed_and_how_it_ended()
    {
        await using var platform = await TestPlatform.StartAsync();
        var sealer = platform.Services.GetRequiredService<SecretSealer>();
        var release = await platform.WebAsync(3) with { SealedConfigVars = sealer.SealAll(new Dictionary<string, string> { ["COLOUR"] = "blue", ["SIZE"] = "small" }) };
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform, Target.Local);

        var command = runs.Command(release, "sh", "-c", "echo $COLOUR $SIZE $PAAS_RELEASE \"<$PORT>\"; ls; echo oops >&2; exit 7")
            with
        { SealedVariables = sealer.SealAll(new Dictionary<string, string> { ["COLOUR"] = "red" }) };
        var (run, lines) = await runs.RunAsync(command);

        lines.Where(line => !line.IsError).Select(line => line.Text).ShouldBe(["red small v3 <>", "app.py"]);
        lines.Single(line => line.IsError).Text.ShouldBe("oops");
        lines.ShouldAllBe(line => line.Source == run.Name);
        (run.ExitCode, run.Reason, run.Release).ShouldBe((7, null, 3));
        run.Command.ShouldBe(command.Command);
        (await runs.FindAsync(run.Name)).Runs.Single().RunId.ShouldBe(run.RunId);
        platform.AppLog.ShouldNotContain("oops");
    }

    [Fact]
    public async Task A_command_that_comes_twice_runs_once()
    {
        await using var platform = await TestPlatform.StartAsync();
        var release = await platform.WebAsync(1);
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform, Target.Local);
        var command = runs.Command(release, "echo", "ran");
        await Task.WhenAll(runs.StartAsync(command), runs.StartAsync(command));
        await runs.EndOfAsync(command.RunId);
        await runs.StartAsync(command);
        (await runs.EndOfAsync(command.RunId)).Lines.Single().Text.ShouldBe("ran");
    }

    [Fact]
    public async Task Ends_that_an_exit_code_does_not_tell_of_are_said()
    {
        await using var platform = await TestPlatform.StartAsync();
        var release = await platform.WebAsync(1);
        var runs = new TestRuns(platform, Target.Local);
        (await runs.TryStartAsync(runs.Command(release, "true"))).Failure!.Message.ShouldContain("No release of shop runs here");
        await platform.DeployAsync(release);

        var (missing, _) = await runs.RunAsync(runs.Command(release, "no-such-command"));
        (missing.ExitCode, missing.Reason).ShouldBe((127, RunEnds.CommandNotFound));
        missing.Message!.ShouldContain("'no-such-command' was not found");

        var (late, lines) = await runs.RunAsync(runs.Command(release, "sh", "-c", "echo begun; sleep 1000") with { TimeLimit = TimeSpan.FromSeconds(1) });
        (late.ExitCode, late.Reason).ShouldBe((124, RunEnds.TimedOut));
        lines.Single().Text.ShouldBe("begun");
    }

    [Fact]
    public async Task A_run_can_be_stopped_there_are_only_so_many_and_they_end_with_their_app()
    {
        await using var platform = await TestPlatform.StartAsync(null, null, ("Deployer:MaxRuns", "2"));
        var release = await platform.WebAsync(1);
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform, Target.Local);
        var first = await runs.StartAsync(runs.Command(release, "sleep", "1000"));
        var second = await runs.StartAsync(runs.Command(release, "sleep", "1000"));
        (await runs.TryStartAsync(runs.Command(release, "true"))).Failure!.Message.ShouldContain("2 runs under way");
        var stopped = await runs.StopAsync(first.RunId);
        (stopped.State, stopped.ExitCode).ShouldBe((RunStates.Ended, 143));
        (await runs.FindAsync($"{second.RunId}")).Runs.Single().State.ShouldBe(RunStates.Running);

        await platform.Services.GetRequiredService<ReleaseDeployer>()
            .RemoveAsync(new RemoveApp { AppId = platform.App, App = "shop", Target = Target.Local }, TestContext.Current.CancellationToken);
        platform.Running().ShouldBeEmpty();
        Directory.GetFileSystemEntries(platform.AppFolder).Length.ShouldBe(1, "only the tombstone is left");
        (await runs.TryStartAsync(runs.Command(release, "true"))).Failure!.Message.ShouldContain("was removed");
    }

    [Fact]
    public async Task The_folder_of_a_release_stays_as_long_as_a_run_needs_it()
    {
        await using var platform = await TestPlatform.StartAsync();
        var release = await platform.WebAsync(1);
        await platform.DeployAsync(release);
        var runs = new TestRuns(platform, Target.Local);
        var run = await runs.StartAsync(runs.Command(release, "sh", "-c", "while test -e app.py && ! test -e ../go; do sleep 0.1; done; ls app.py"));
        await platform.DeployAsync(await platform.WebAsync(2));
        await platform.DeployAsync(await platform.WebAsync(3));
        await File.WriteAllTextAsync(platform.InSlug(1, "../go"), "", TestContext.Current.CancellationToken);
        (await runs.EndOfAsync(run.RunId)).Lines.Single().Text.ShouldBe("app.py");
    }

    [Fact]
    public async Task A_run_ends_with_the_deployer_and_is_not_begun_again()
    {
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        try
        {
            var app = Guid.NewGuid();
            var first = await TestPlatform.StartAsync(folder, app);
            var release = await first.WebAsync(1);
            await first.DeployAsync(release);
            var stopped = new TestRuns(first, Target.Local).Command(release, "sh", "-c", "echo begun >> ../begun; exec sleep 1000");
            await new TestRuns(first, Target.Local).StartAsync(stopped);
            await TestPlatform.UntilAsync(() => File.Exists(first.InSlug(1, "../begun")), "it began");
            await first.DisposeAsync();
            var killed = stopped with { RunId = Guid.NewGuid() };
            await CrashingRuns.KillAfterAsync(folder, "", [killed]);

            await using var platform = await TestPlatform.StartAsync(folder, app);
            var runs = new TestRuns(platform, Target.Local);
            foreach (var command in new[] { stopped, killed })
            {
                var run = await runs.StartAsync(command);
                (run.State, run.Reason).ShouldBe((RunStates.Ended, RunEnds.Interrupted));
                run.Message!.ShouldContain("ended because the deployer did");
            }

            (await File.ReadAllLinesAsync(platform.InSlug(1, "../begun"), TestContext.Current.CancellationToken)).Length.ShouldBeLessThanOrEqualTo(2);
        }
        finally
        {
            new ProcessOwner(folder).KillLeftovers();
            Directory.Delete(folder, recursive: true);
        }
    }
}
