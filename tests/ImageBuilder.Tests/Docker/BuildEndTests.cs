using System.Diagnostics;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>Builds on a real engine that are canceled, too slow, cut off, or asked for twice.</summary>
public sealed class BuildEndTests : IClassFixture<BusyBoxEngine>, IDisposable
{
    private const long Cap = 64 * 1024 * 1024;
    private readonly DockerEngine _engine;
    private readonly BuildBench _bench;

    public BuildEndTests(BusyBoxEngine fixture)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _engine = fixture.Engine;
        _bench = new BuildBench(_engine);
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_canceled_build_leaves_nothing_behind(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        var mark = Mark();
        var command = await _bench.CommandAsync($"FROM busybox:stable\nRUN sleep {mark}\n");
        using var cancel = new CancellationTokenSource();
        var building = _bench.Builder().BuildAsync(command, _bench.Log, cancel.Token);
        await UntilAsync(() => Task.FromResult(Sleepers(mark) > 0), "the step begins");

        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(building);

        await UntilAsync(() => Task.FromResult(Sleepers(mark) == 0), "the step ends");
        await UntilAsync(async () => (await _engine.DockerAsync("ps", "-aq")).Length == 0, "its container is removed");
        (await _engine.DockerAsync("images", "-q", "--filter", $"label={ImageLabels.App}={command.AppId:D}")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_build_that_takes_too_long_is_ended_and_names_the_setting(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        _bench.Options.Timeout = TimeSpan.FromSeconds(5);
        var mark = Mark();

        var failure = await _bench.FailAsync(await _bench.CommandAsync($"FROM busybox:stable\nRUN sleep {mark}\n"));

        failure.Reason.ShouldBe(FailureReason.BuildTimedOut);
        failure.Message.ShouldContain("ImageBuilder__Timeout");
        await UntilAsync(() => Task.FromResult(Sleepers(mark) == 0), "the step ends");
    }

    [Fact]
    public async Task The_same_attempt_finds_its_image()
    {
        var command = await _bench.CommandAsync("FROM busybox:stable\nRUN echo once\n");
        var first = await _bench.BuildAsync(command);

        var second = await _bench.BuildAsync(command);

        second.ShouldBe(first);
        _bench.Log.Text.ShouldEndWith("-----> Built already");
    }

    [Fact]
    public async Task The_same_attempt_twice_at_once_builds_once()
    {
        var command = await _bench.CommandAsync("FROM busybox:stable\nRUN cat /proc/sys/kernel/random/uuid > /made && sleep 1\n");

        var both = await Task.WhenAll(_bench.BuildAsync(command), _bench.BuildAsync(command));

        both[0].ShouldBe(both[1]);
        _bench.Log.Text.ShouldContain("-----> Built already");
    }

    [Fact]
    public async Task An_engine_that_dies_in_the_middle_builds_when_it_is_back()
    {
        var engine = await DockerEngine.StartNewAsync();
        await using var _ = engine;
        await engine.ImportBusyBoxAsync("busybox:stable");
        using var bench = new BuildBench(engine);
        var command = await bench.CommandAsync("FROM busybox:stable\nRUN echo begun && sleep 5\n");
        var building = bench.BuildAsync(command);
        await UntilAsync(() => Task.FromResult(bench.Log.Text.Contains("         begun", StringComparison.Ordinal)), "the step begins");

        engine.Kill();
        await Should.ThrowAsync<EngineUnreachableException>(building);
        await engine.StartAsync();
        var built = await bench.BuildAsync(command);

        (await bench.InspectAsync(built)).GetProperty("RepoTags")[0].GetString().ShouldBe($"paas/shop:{command.DeploymentId:N}-1");
    }

    private static string Mark() => $"{Random.Shared.Next(100_000, 999_999)}";

    private static int Sleepers(string mark) => Process.GetProcessesByName("sleep").Count(process =>
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline").Contains(mark, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    });

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(60), what);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
