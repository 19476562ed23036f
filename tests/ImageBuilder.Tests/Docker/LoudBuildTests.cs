using System.Diagnostics;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>Builds on a real engine that print a gigabyte. Nothing else may run in this process meanwhile: its memory is measured.</summary>
[Collection(nameof(LoudBuildTests))]
[CollectionDefinition(nameof(LoudBuildTests), DisableParallelization = true)]
public sealed class LoudBuildTests : IClassFixture<BusyBoxEngine>, IDisposable
{
    private const long Cap = 64 * 1024 * 1024;
    private readonly BuildBench _bench;

    public LoudBuildTests(BusyBoxEngine fixture)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _bench = new BuildBench(fixture.Engine);
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(null, 200)]
    [InlineData(Cap, 1000)]
    public async Task A_build_that_prints_without_end_costs_no_memory(long? memory, int megabytes)
    {
        _bench.Options.BuildMemoryBytes = memory;
        // Many lines, and one that never ends.
        var command = await _bench.CommandAsync(
            $"FROM busybox:stable\nRUN yes a-line-of-output | head -c {megabytes / 2}m\nRUN head -c {megabytes / 2}m /dev/zero | tr '\\0' x\nRUN echo made it\n");
        GC.Collect();
        var (before, most) = (UsedMemory(), 0L);

        var building = _bench.BuildAsync(command);
        while (await Task.WhenAny(building, Task.Delay(100, TestContext.Current.CancellationToken)) != building)
            most = Math.Max(most, UsedMemory());

        await building;
        (most - before).ShouldBeLessThan(150L * 1024 * 1024);
        _bench.Log.Text.Length.ShouldBeLessThan(4 * 1024 * 1024);
        // BuildKit cuts it by itself, to 1 MiB for each step; what the classic builder passes on, the step's log cuts.
        if (memory is null)
            _bench.Log.Count.ShouldBeLessThan(200_000);
        else
            _bench.Log.Count.ShouldBeGreaterThan(10_000_000);
    }

    private static long UsedMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PrivateMemorySize64;
    }
}
