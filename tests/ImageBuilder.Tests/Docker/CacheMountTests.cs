using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>Cache mounts of BuildKit, on a real engine.</summary>
public sealed class CacheMountTests(BusyBoxEngine fixture) : IClassFixture<BusyBoxEngine>
{
    [Fact]
    public async Task An_app_finds_what_its_own_builds_have_left_and_nothing_of_anothers()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        using var one = new BuildBench(fixture.Engine);
        using var other = new BuildBench(fixture.Engine);
        await one.BuildAsync(await one.CommandAsync("FROM busybox:stable\nRUN --mount=type=cache,target=/cache echo one > /cache/left\n"));

        const string Look = "FROM busybox:stable\nRUN --mount=type=cache,target=/cache cat /cache/left > /found || true\n";
        var seenByItself = await one.BuildAsync(await one.CommandAsync(Look));
        var seenByOther = await other.BuildAsync(await other.CommandAsync(Look));
        var guessed = await other.BuildAsync(await other.CommandAsync(
            $"FROM busybox:stable\nRUN --mount=type=cache,target=/cache,id={one.App:D}//cache cat /cache/left > /found || true\n"));

        (await one.RunAsync(seenByItself, "cat", "/found")).ShouldBe("one\n");
        (await other.RunAsync(seenByOther, "cat", "/found")).ShouldBeEmpty();
        (await other.RunAsync(guessed, "cat", "/found")).ShouldBeEmpty();
    }
}
