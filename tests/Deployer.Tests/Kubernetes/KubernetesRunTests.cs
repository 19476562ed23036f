using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Secrets;
using Paas.Servers.Kubernetes;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>Commands that run once, as Jobs.</summary>
public sealed class KubernetesRunTests
{
    private static readonly PodScript Endless = new() { Prints = ["begun"] };

    [Fact]
    public async Task A_command_has_what_the_release_has_and_tells_what_it_printed_and_how_it_ended()
    {
        await using var platform = await StartAsync();
        var sealer = platform.Platform.Services.GetRequiredService<SecretSealer>();
        var plan = Plan(Worker()) with { AddOns = [new AddOn { Name = "redis" }, new AddOn { Name = "postgres" }] };
        var release = platform.Release(3, plan) with { SealedConfigVars = sealer.SealAll(new Dictionary<string, string> { ["COLOUR"] = "blue" }) };
        await platform.Platform.DeployAsync(release);
        var runs = Runs(platform, PodScript.Ends(7, "one", "two"));

        var command = runs.Command(release, "sh", "-c", "echo $COLOUR $(REDIS_URL) $$") with
        {
            SealedVariables = sealer.SealAll(new Dictionary<string, string> { ["COLOUR"] = "red", ["REDIS_URL"] = "redis://mine" }),
        };
        var (run, lines) = await runs.RunAsync(command);

        lines.Select(line => (line.Source, line.Text)).ShouldBe([(run.Name, "one"), (run.Name, "two")]);
        run.Name.ShouldMatch(@"^run\.\d{4}$");
        (run.ExitCode, run.Reason, run.Message, run.Release, run.TimeLimit).ShouldBe((7, null, null, 3, command.TimeLimit));
        run.Command.ShouldBe(command.Command);
        run.FinishedAt.ShouldNotBeNull();
        var container = PodOf(platform, command)["spec"]!["containers"]![0]!;
        ((string?)container["image"]).ShouldBe(Image(3));
        container["args"]!.AsArray().Select(word => (string?)word).ShouldBe(["sh", "-c", "echo $$COLOUR $$(REDIS_URL) $$$$"]);
        container["envFrom"]!.AsArray().Select(from => (string?)from!["secretRef"]!["name"]).ShouldBe(["config-v3", NameOf(command)]);
        container["env"]!.AsArray().Select(variable => (string?)variable!["name"]).ShouldBe(["DATABASE_URL"]);
        platform.SecretText(NameOf(command), "COLOUR").ShouldBe("red");
        (await runs.FindAsync(run.Name)).Runs.Single().RunId.ShouldBe(run.RunId);
        (await runs.FindAsync("run.1")).Failure!.Reason.ShouldBe(TargetFailureReason.NotFound);
    }

    [Fact]
    public async Task A_command_that_comes_twice_runs_once_also_if_the_deployer_ended_half_way()
    {
        await using var platform = await StartAsync();
        var release = platform.Release(1, Plan(Worker()));
        await platform.Platform.DeployAsync(release);
        var runs = Runs(platform, PodScript.Ends(0, "ran"));
        var command = runs.Command(release, "ran") with
        {
            SealedVariables = platform.Platform.Services.GetRequiredService<SecretSealer>().SealAll(new Dictionary<string, string> { ["COLOUR"] = "red" }),
        };
        // The Job is made, and its variables are not.
        platform.Api.FailNext(1, 403, where: (_, path) => path.Contains($"/secrets/{NameOf(command)}", StringComparison.Ordinal));
        (await runs.TryStartAsync(command)).Failure!.Reason.ShouldBe(TargetFailureReason.Unavailable);
        platform.Names("jobs").ShouldBe([NameOf(command)]);
        (await runs.FindAsync()).Runs.Single().State.ShouldBe(RunStates.Running);

        var names = (await Task.WhenAll(runs.StartAsync(command), runs.StartAsync(command), runs.StartAsync(command))).Select(run => run.Name).Distinct();

        names.Count().ShouldBe(1);
        (await runs.EndOfAsync(command.RunId)).Lines.Select(line => line.Text).ShouldBe(["ran"]);
        (await runs.StartAsync(command)).ExitCode.ShouldBe(0);
        platform.Names("jobs").ShouldBe([NameOf(command)]);
        PodOf(platform, command).ShouldNotBeNull();
    }

    [Fact]
    public async Task Ends_that_an_exit_code_does_not_tell_of_are_said()
    {
        await using var platform = await StartAsync();
        var release = platform.Release(1, Plan(Worker()));
        await platform.Platform.DeployAsync(release);

        var runs = Runs(platform, new() { StartError = "exec: \"no-such-command\": executable file not found in $PATH" });
        var (missing, _) = await runs.RunAsync(runs.Command(release, "no-such-command", "x"));
        (missing.ExitCode, missing.Reason).ShouldBe((127, RunEnds.CommandNotFound));
        missing.Message!.ShouldContain("'no-such-command' was not found");

        runs = Runs(platform, PodScript.OutOfMemory());
        var (large, _) = await runs.RunAsync(runs.Command(release, "large"));
        (large.ExitCode, large.Reason).ShouldBe((137, RunEnds.OutOfMemory));
        large.Message!.ShouldContain("512 MiB");

        runs = Runs(platform, Endless with { StopExitCode = 0 });
        var (late, lines) = await runs.RunAsync(runs.Command(release, "late") with { TimeLimit = TimeSpan.FromSeconds(2) });
        (late.ExitCode, late.Reason).ShouldBe((124, RunEnds.TimedOut));
        late.Message!.ShouldContain("2 s");
        lines.Select(line => line.Text).ShouldBe(["begun"]);

        runs = Runs(platform, Endless);
        var evicted = await runs.StartAsync(runs.Command(release, "evicted"));
        await SeesAsync(runs, evicted, "begun");
        platform.Api.Cluster.Delete("pods", platform.Namespace, (string)PodOf(platform, evicted.RunId)["metadata"]!["name"]!);
        var (gone, _) = await runs.EndOfAsync(evicted.RunId);
        (gone.ExitCode, gone.Reason).ShouldBe((137, RunEnds.Interrupted));
        gone.Message!.ShouldContain("its pod is gone");
    }

    [Fact]
    public async Task One_that_no_node_takes_says_why_and_goes_on_when_one_does()
    {
        await using var platform = await StartAsync();
        var release = platform.Release(1, Plan(Worker()));
        await platform.Platform.DeployAsync(release);
        var runs = Runs(platform, new() { Unschedulable = "0/1 nodes are available: 1 Insufficient memory." });
        var run = await runs.StartAsync(runs.Command(release, "wait"));
        await TestPlatform.UntilAsync(async () => (await runs.FindAsync(run.Name)).Runs.Single().Message is { } why && why.Contains("Insufficient memory", StringComparison.Ordinal), "it says why", Seconds);
        (await runs.FindAsync(run.Name)).Runs.Single().State.ShouldBe(RunStates.Running);

        var reading = runs.EndOfAsync(run.RunId);
        Runs(platform, PodScript.Ends(0, "at last"));

        var (ended, lines) = await reading;
        (ended.ExitCode, ended.Message).ShouldBe((0, null));
        lines.Select(line => line.Text).ShouldBe(["at last"]);
    }

    [Theory]
    [InlineData("failed to resolve image: registry.example.com/paas/shop: not found", false)]
    [InlineData("failed to resolve image: registry.example.com/paas/shop: not found", true)]
    [InlineData("registry.example.com/paas/shop: unauthorized: authentication required", false)]
    public async Task One_whose_image_can_not_be_had_is_ended_before_its_time(string words, bool isOldCluster)
    {
        await using var platform = await StartAsync();
        var release = platform.Release(1, Plan(Worker()));
        await platform.Platform.DeployAsync(release);
        var runs = Runs(platform, PodScript.CantPull(words) with { HidesPullError = isOldCluster });
        var command = runs.Command(release, "true");

        var (run, lines) = await runs.RunAsync(command);

        (run.ExitCode, run.Reason).ShouldBe((125, RunEnds.NotStarted));
        run.Message!.ShouldContain($" the image of {run.Name}");
        run.Message!.ShouldContain(words);
        lines.ShouldBeEmpty();
        await NothingTriesAsync(platform);
        (await runs.StartAsync(command)).ExitCode.ShouldBe(125);
        (await runs.StopAsync(run.RunId)).Reason.ShouldBe(RunEnds.NotStarted);
    }

    [Fact]
    public async Task One_that_pod_security_refuses_is_ended_by_whoever_looks_and_by_several_at_once()
    {
        await using var platform = await StartAsync();
        var release = platform.Release(1, Plan(Worker()));
        await platform.Platform.DeployAsync(release);
        platform.Api.Cluster.RefusesPod = _ => "violates PodSecurity \"restricted:latest\": seccompProfile";
        var runs = Runs(platform, PodScript.Ends(0));
        var run = await runs.StartAsync(runs.Command(release, "true"));
        await TestPlatform.UntilAsync(() => platform.Api.Cluster.All("events", platform.Namespace).Any(said => $"{said["reason"]}" == "FailedCreate"), "it was refused", Seconds);
        // A deployer that can't write just then has ended nothing, and told why all the same.
        platform.Api.FailNext(1, 409, """{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "message": "the object has been modified", "code": 409}""", where: (method, path) => method == "PATCH" && path.Contains("/jobs/", StringComparison.Ordinal));
        var seen = (await runs.FindAsync(run.Name)).Runs.Single();
        (seen.State, seen.ExitCode).ShouldBe((RunStates.Running, null));
        seen.Message!.ShouldContain("violates PodSecurity");

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => runs.FindAsync()));
        var (ended, _) = await runs.EndOfAsync(run.RunId);

        (ended.ExitCode, ended.Reason).ShouldBe((125, RunEnds.NotStarted));
        ended.Message!.ShouldContain("The cluster does not make instances of run.");
        await NothingTriesAsync(platform);
    }

    [Fact]
    public async Task One_for_which_there_is_no_room_in_the_quota_says_so_and_goes_on_when_there_is()
    {
        await using var platform = await StartAsync(settings: ("Kubernetes:MaxPods", "2"));
        var release = platform.Release(1, Plan(Worker(2)));
        await platform.Platform.DeployAsync(release);
        var runs = Runs(platform, PodScript.Ends(0, "at last"));
        var run = await runs.StartAsync(runs.Command(release, "true"));

        await TestPlatform.UntilAsync(
            async () => (await runs.FindAsync(run.Name)).Runs.Single() is { State: RunStates.Running, Message: { } why } && why.Contains("exceeded quota: app", StringComparison.Ordinal), "it says why", Seconds);
        platform.Api.Cluster.Delete("resourcequotas", platform.Namespace, "app");

        var (ended, lines) = await runs.EndOfAsync(run.RunId);
        (ended.ExitCode, ended.Message).ShouldBe((0, null));
        lines.Select(line => line.Text).ShouldBe(["at last"]);
    }

    [Fact]
    public async Task A_run_can_be_stopped_and_there_are_only_so_many_at_once()
    {
        await using var platform = await StartAsync(settings: ("Deployer:MaxRuns", "2"));
        var release = platform.Release(1, Plan(Worker()));
        await platform.Platform.DeployAsync(release);
        var runs = Runs(platform, Endless);
        var first = await runs.StartAsync(runs.Command(release, "sleep", "1000"));
        await SeesAsync(runs, first, "begun");
        Runs(platform, new() { Unschedulable = "no room" });
        var second = await runs.StartAsync(runs.Command(release, "sleep", "1000"));
        first.Name.ShouldNotBe(second.Name);
        var third = await runs.TryStartAsync(runs.Command(release, "true"));
        third.Failure!.Reason.ShouldBe(TargetFailureReason.Refused);
        third.Failure.Message.ShouldContain("2 runs under way");

        var stopped = await runs.StopAsync(first.RunId);
        var unstarted = await runs.StopAsync(second.RunId);

        (stopped.State, stopped.ExitCode, stopped.Reason).ShouldBe((RunStates.Ended, 143, null));
        (unstarted.State, unstarted.ExitCode, unstarted.Reason).ShouldBe((RunStates.Ended, 143, null));
        (await runs.EndOfAsync(first.RunId)).Lines.Select(line => line.Text).ShouldBe(["begun"]);
        (await runs.EndOfAsync(second.RunId)).Lines.ShouldBeEmpty();
        (await runs.StopAsync(first.RunId)).ExitCode.ShouldBe(143);
        runs = Runs(platform, PodScript.Ends(0));
        (await runs.RunAsync(runs.Command(release, "true"))).Run.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Runs_are_no_instances_and_go_on_when_a_new_release_takes_over()
    {
        await using var ingress = await Ingress.StartAsync();
        await using var platform = await StartAsync(settings: ("Kubernetes:IngressAddress", ingress.Url));
        var release = platform.Release(1, Plan(Web()));
        await platform.Platform.DeployAsync(release);
        var runs = Runs(platform, Endless);
        var run = await runs.StartAsync(runs.Command(release, "sleep", "1000"));
        await SeesAsync(runs, run, "begun");

        await platform.DeployAsync(2, Plan(Web()));

        platform.RunningImages("web").ShouldBe([Image(2)]);
        (await platform.ResolveAsync(2, Plan(Web()))).ShouldBe("http://shop.apps.example.com/");
        (await runs.FindAsync($"{run.RunId}")).Runs.Single().State.ShouldBe(RunStates.Running);
        PodOf(platform, run.RunId)["metadata"]!["labels"]![Targets.Kubernetes.AppNamespace.Version].ShouldBeNull();
        var log = await platform.Platform.Services.GetRequiredService<OutputReader>()
            .ReadAsync(Follower.Question(platform.App, Target.Kubernetes) with { Wait = TimeSpan.Zero }, TestContext.Current.CancellationToken);
        log.Failure.ShouldBeNull();
        log.Lines.ShouldNotContain(line => line.Text == "begun");
        (await runs.TryStartAsync(runs.Command(platform.Release(7, Plan(Web())), "true"))).Failure!.Message.ShouldContain("v7 of shop does not run on the cluster");

        await platform.RemoveAsync();
        (await runs.FindAsync()).Runs.ShouldBeEmpty();
        (await runs.TryStartAsync(runs.Command(release, "true"))).Failure!.Reason.ShouldBe(TargetFailureReason.Refused);
    }

    [Fact]
    public async Task What_a_run_has_printed_is_kept_for_a_time_and_goes_with_its_variables()
    {
        await using var platform = await StartAsync(settings: ("Deployer:KeepRuns", "00:00:02"));
        var release = platform.Release(1, Plan(Worker()));
        await platform.Platform.DeployAsync(release);
        var secrets = platform.Names("secrets").ToList();
        var runs = Runs(platform, PodScript.Ends(0, "ran"));
        var command = runs.Command(release, "true") with
        {
            SealedVariables = platform.Platform.Services.GetRequiredService<SecretSealer>().SealAll(new Dictionary<string, string> { ["COLOUR"] = "red" }),
        };
        (await runs.RunAsync(command)).Lines.Single().Text.ShouldBe("ran");
        platform.Names("secrets").ShouldBe(secrets.Append(NameOf(command)).Order(StringComparer.Ordinal));

        await TestPlatform.UntilAsync(async () => (await runs.FindAsync()).Runs.Count == 0, "it was removed", Seconds);
        await TestPlatform.UntilAsync(() => platform.Names("secrets").SequenceEqual(secrets), "its variables were removed", Seconds);
    }

    /// <summary>Its Job is over, and there is no pod of it.</summary>
    private static Task NothingTriesAsync(KubernetesPlatform platform) => TestPlatform.UntilAsync(
        () => !platform.Api.Cluster.All("pods", platform.Namespace).Any(pod => pod["metadata"]!["labels"]!["io.paas/run"] is not null)
            && platform.Api.Cluster.All("jobs", platform.Namespace).All(job => job["status"]!["conditions"]!.AsArray().Any(condition => (string?)condition!["type"] == "Failed")),
        "nothing is left that tries", Seconds);

    /// <summary>Whatever is run from now on behaves so.</summary>
    private static TestRuns Runs(KubernetesPlatform platform, PodScript script)
    {
        platform.Api.Cluster.ScriptFor = pod => pod["metadata"]?["labels"]?["io.paas/run"] is null ? null : script;
        return new(platform.Platform, Target.Kubernetes);
    }

    private static Task SeesAsync(TestRuns runs, RunStatus run, string line) =>
        TestPlatform.UntilAsync(async () => (await runs.LinesOfAsync(run.RunId)).Any(printed => printed.Text == line), $"'{line}' was printed", Seconds);

    private static string NameOf(StartRun command) => $"run-{command.RunId:N}";

    private static JsonObject PodOf(KubernetesPlatform platform, StartRun command) => PodOf(platform, command.RunId);

    private static JsonObject PodOf(KubernetesPlatform platform, Guid run) =>
        platform.Api.Cluster.All("pods", platform.Namespace).Single(pod => (string?)pod["metadata"]!["labels"]!["io.paas/run"] == run.ToString());
}
