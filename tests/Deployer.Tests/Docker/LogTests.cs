using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>What containers print, as it is followed.</summary>
public sealed class LogTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    /// <summary>Prints numbers, and tells when it was asked to end.</summary>
    private static ProcessType Counter(string name, int scale = 1, string pause = "usleep 2000") => Process(
        name, $"trap 'echo end at $$i; exit 0' TERM; echo begin; i=0; while true; do echo $$((i+=1)); {pause}; done", scale);

    [Fact]
    public async Task A_rollout_is_followed_from_the_old_instances_to_the_new_ones()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Process("web", "echo one; exec httpd -f -p $PORT"), Counter("worker")));
        await using var follower = Follower.Of(platform.Platform, Target.Docker);
        await follower.SeesAsync("one");
        await follower.SeesAsync("100");

        await platform.DeployAsync(2, Plan(Process("web", "echo two; exec httpd -f -p $PORT"), Counter("worker", scale: 2)));

        await follower.SeesAsync("two");
        await TestPlatform.UntilAsync(() => follower.TextsOf("worker.2").Count() > 50, "the new instance was followed", Patience);
        await TestPlatform.UntilAsync(() => follower.Lines.Any(line => line.Text.StartsWith("end at ", StringComparison.Ordinal)), "the old instance's last line was told", Patience);
        follower.Lines.Select(line => line.Source).Distinct().Order().ShouldBe(["web.1", "worker.1", "worker.2"]);
        follower.TextsOf("web.1").ShouldBe(["one", "two"]);
        // The old one and the new one print side by side; each has told all of it once.
        var (old, @new) = Split(follower.TextsOf("worker.1").ToList());
        old[0].ShouldBe("begin");
        old[^1].ShouldBe($"end at {old.Count - 2}");
        Sequence.ShouldBeSame(old[1..^1], Enumerable.Range(1, old.Count - 2).Select(i => $"{i}"));
        @new[0].ShouldBe("begin");
        Sequence.ShouldBeSame(@new[1..], Enumerable.Range(1, @new.Count - 1).Select(i => $"{i}"));
        follower.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task Nothing_is_lost_or_told_twice_when_the_deployer_ends_and_comes_back()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        var folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        try
        {
            var app = Guid.NewGuid();
            var platform = await StartAsync(engine, folder, app);
            await platform.DeployAsync(1, Plan(Counter("worker", pause: "usleep 200")));
            OutputReader? reader = platform.Platform.Services.GetRequiredService<OutputReader>();
            await using (var follower = new Follower(() => Volatile.Read(ref reader), Follower.Question(app, Target.Docker, tail: 100_000)))
            {
                await follower.SeesAsync("1000");
                Volatile.Write(ref reader, null);
                await platform.Platform.DisposeAsync();
                var seen = follower.Lines.Count;
                platform = await StartAsync(engine, folder, app);
                Volatile.Write(ref reader, platform.Platform.Services.GetRequiredService<OutputReader>());
                await TestPlatform.UntilAsync(() => follower.Lines.Count > seen + 3000, "it went on", Patience);
                var texts = follower.TextsOf("worker.1").ToList();
                Sequence.ShouldBeSame(texts, ["begin", .. Enumerable.Range(1, texts.Count - 1).Select(i => $"{i}")]);
            }

            await platform.DisposeAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task An_engine_that_dies_is_told_of_and_its_log_goes_on_after_it_is_back()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var own = await DockerEngine.StartNewAsync();
        await using var platform = await StartAsync(own);
        await platform.DeployAsync(1, Plan(Counter("worker")));
        await using var follower = Follower.Of(platform.Platform, Target.Docker);
        await follower.SeesAsync("50");

        own.Kill();
        await TestPlatform.UntilAsync(() => follower.Failures.Count > 0, "it was told of", Patience);
        follower.Failures[0].Reason.ShouldBe(TargetFailureReason.Unavailable);
        follower.Failures[0].Message.ShouldContain(own.Endpoint);
        var before = follower.Lines.Count;
        await own.StartAsync();

        await TestPlatform.UntilAsync(() => follower.Lines.Skip(before).Any(line => line.Text == "50"), "it went on", Patience);
        var texts = follower.TextsOf("worker.1").ToList();
        var again = texts.LastIndexOf("begin");
        again.ShouldBeGreaterThan(0);
        Sequence.ShouldBeSame(texts[1..again], Enumerable.Range(1, again - 1).Select(i => $"{i}"));
        Sequence.ShouldBeSame(texts[(again + 1)..], Enumerable.Range(1, texts.Count - again - 1).Select(i => $"{i}"));
    }

    [Fact]
    public async Task Lines_tell_who_printed_them_when_and_where_to()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var begun = DateTime.UtcNow.AddSeconds(-1);
        await platform.DeployAsync(1, Plan(
            Process("web", "echo out; exec httpd -f -p $PORT"), Process("worker", "echo oops >&2; printf 'no end'; exec sleep 1000", scale: 2)));
        await using (var all = Follower.Of(platform.Platform, Target.Docker))
        {
            await all.SeesAsync("out");
            await all.SeesAsync("oops");
            var line = all.Lines.First(line => line.Source == "worker.2");
            (line.Text, line.IsError).ShouldBe(("oops", true));
            line.At.ShouldBeInRange(begun, DateTime.UtcNow.AddSeconds(1));
            all.Lines.Single(line => line.Source == "web.1").IsError.ShouldBeFalse();
        }

        var reader = platform.Platform.Services.GetRequiredService<OutputReader>();
        var workers = await reader.ReadAsync(Follower.Question(platform.App, Target.Docker, process: "worker"), TestContext.Current.CancellationToken);
        workers.Lines.Select(line => line.Source).Distinct().Order().ShouldBe(["worker.1", "worker.2"]);
        var one = await reader.ReadAsync(Follower.Question(platform.App, Target.Docker, process: "worker.1"), TestContext.Current.CancellationToken);
        one.Lines.Select(line => line.Source).Distinct().ShouldBe(["worker.1"]);
    }

    [Fact]
    public async Task A_line_that_is_too_long_is_cut_once_and_the_next_one_is_whole()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Process("worker", "head -c 100000 /dev/zero | tr '\\0' x; echo; echo next; exec sleep 1000")));
        await using var follower = Follower.Of(platform.Platform, Target.Docker);
        await follower.SeesAsync("next");
        follower.Lines.Count.ShouldBe(2);
        follower.Lines[0].Text.ShouldBe(new string('x', 8192) + " … (cut)");
    }

    [Fact]
    public async Task Who_waits_is_answered_as_soon_as_there_is_a_line_and_costs_nothing_before()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await platform.DeployAsync(1, Plan(Process("worker", "while ! test -e /tmp/go; do usleep 50000; done; echo went; exec sleep 1000")));
        var reader = platform.Platform.Services.GetRequiredService<OutputReader>();
        var watch = Stopwatch.StartNew();
        var waiting = reader.ReadAsync(Follower.Question(platform.App, Target.Docker) with { Wait = TimeSpan.FromSeconds(30) }, TestContext.Current.CancellationToken);
        await Task.Delay(500, TestContext.Current.CancellationToken);
        waiting.IsCompleted.ShouldBeFalse();
        await engine.DockerAsync("exec", "paas-shop-v1-worker-1", "touch", "/tmp/go");
        (await waiting).Lines.Single().Text.ShouldBe("went");
        watch.Elapsed.TotalSeconds.ShouldBeLessThan(15);

        var nothing = await reader.ReadAsync(
            Follower.Question(platform.App, Target.Docker) with { Cursor = (await waiting).Cursor, Wait = TimeSpan.FromSeconds(1) }, TestContext.Current.CancellationToken);
        nothing.Lines.ShouldBeEmpty();
        nothing.AtEnd.ShouldBeTrue();
        nothing.Failure.ShouldBeNull();
    }

    /// <summary>Two counters that print at the same time, told apart by their numbers.</summary>
    private static (List<string> Old, List<string> New) Split(IReadOnlyList<string> lines)
    {
        var (old, @new) = (new List<string>(), new List<string>());
        foreach (var line in lines)
        {
            var isNew = line == "begin" ? old.Count > 0 : int.TryParse(line, out var number) && @new.Count > 0 && number == @new.Count && number != old.Count;
            (isNew ? @new : old).Add(line);
        }

        return (old, @new);
    }
}
