using Paas.ImageBuilder.Docker;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>Builds on an engine with a small disk: whoever fills it, it is the platform's matter, and is told as such.</summary>
public sealed class FullDiskTests
{
    private const int DiskSize = 80;
    private const long Cap = 256 * 1024 * 1024;

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_step_that_finds_no_room_is_told_that_it_is_the_engines_disk(long? memory)
    {
        await using var engine = await StartAsync();
        using var bench = new BuildBench(engine);
        bench.Options.BuildMemoryBytes = memory;
        var command = await bench.CommandAsync("FROM busybox:stable\nRUN echo begun\nRUN dd if=/dev/zero of=/big bs=1M count=200\n");

        var fault = await Should.ThrowAsync<EngineTroubleException>(bench.BuildAsync(command));

        fault.Message.ShouldStartWith(
            "Step 3 of 3 of the Dockerfile, 'RUN dd if=/dev/zero of=/big bs=1M count=200', ended with exit code 1, as the disk of the Docker Engine is full. The last it said:\n");
        fault.Message.ShouldContain("No space left on device");
        fault.Message.ShouldContain("Make room there");
        // Nothing of it was left: one that needs less has room.
        await bench.BuildAsync(await bench.CommandAsync("FROM busybox:stable\nRUN dd if=/dev/zero of=/big bs=1M count=20\n"));
    }

    [Theory]
    [InlineData(null, "broke off while it was sent the sources, and answers again: its disk may be full.")]
    [InlineData(Cap, "no space left on device")]
    public async Task Sources_that_find_no_room_are_told_to_be_the_engines_trouble(long? memory, string cause)
    {
        await using var engine = await StartAsync();
        using var bench = new BuildBench(engine);
        bench.Options.BuildMemoryBytes = memory;
        var content = new string('x', 10_000_000);
        var command = await bench.CommandAsync("FROM busybox:stable\nCOPY . /app/\n", [.. Enumerable.Range(0, 12).Select(i => ($"big{i}", content))]);

        var fault = await Should.ThrowAsync<EngineTroubleException>(bench.BuildAsync(command));

        fault.Message.ShouldStartWith("The Docker Engine ");
        fault.Message.ShouldContain(cause);
        fault.Message.ShouldEndWith("See that its machine has room, and look at its log.");
    }

    private static async Task<DockerEngine> StartAsync()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        var engine = await DockerEngine.StartNewAsync(DiskSize);
        await engine.ImportBusyBoxAsync("busybox:stable");
        return engine;
    }
}
