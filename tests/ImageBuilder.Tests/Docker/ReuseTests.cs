using Paas.Contracts;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>Which builds take the image of an earlier one, on a real engine.</summary>
public sealed class ReuseTests : IClassFixture<BusyBoxEngine>, IDisposable
{
    private static readonly (string, string)[] Files = [("Dockerfile", "FROM busybox:stable\nCOPY . /app/\nRUN cat /proc/sys/kernel/random/uuid > /made\n"), ("x", "1")];
    private readonly DockerEngine _engine;
    private readonly BuildBench _bench;

    public ReuseTests(BusyBoxEngine fixture)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _engine = fixture.Engine;
        _bench = new BuildBench(_engine);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task An_unchanged_tree_uses_its_image_and_says_so()
    {
        var command = await _bench.CommandAsync(BuildBench.OwnDockerfile, Files);
        var first = await _bench.BuildAsync(command);
        var later = command with { DeploymentId = Guid.NewGuid(), Commit = new string('b', 40) };

        var second = await _bench.BuildAsync(later);

        second.ShouldBe(first);
        _bench.Log.Text.ShouldEndWith("-----> Nothing has changed since aaaaaaaaaa was built: using its image");
        (await _engine.DockerAsync("image", "inspect", "-f", "{{.Id}}", $"paas/shop:{later.DeploymentId:N}-1")).Trim().ShouldBe(first.ImageId);
    }

    [Fact]
    public async Task No_cache_builds_every_step_anew()
    {
        var command = await _bench.CommandAsync(BuildBench.OwnDockerfile, Files);
        var first = await _bench.BuildAsync(command);

        var second = await _bench.BuildAsync(command with { DeploymentId = Guid.NewGuid(), NoCache = true });

        (await _bench.RunAsync(second, "cat", "/made")).ShouldNotBe(await _bench.RunAsync(first, "cat", "/made"));
    }

    [Fact]
    public async Task Another_plan_another_base_or_another_app_is_built()
    {
        var command = await _bench.CommandAsync(BuildBench.OwnDockerfile, Files);
        var first = await _bench.BuildAsync(command);

        var otherPlan = await _bench.BuildAsync(command with
        {
            DeploymentId = Guid.NewGuid(),
            Plan = command.Plan with { Args = new Dictionary<string, string> { ["A"] = "1" } },
        });
        var otherApp = await _bench.BuildAsync(command with { DeploymentId = Guid.NewGuid(), AppId = Guid.NewGuid() });
        await _engine.ImportBusyBoxAsync("busybox:stable"); // the same files, but another image
        var otherBase = await _bench.BuildAsync(command with { DeploymentId = Guid.NewGuid() });

        new[] { first.ImageId, otherPlan.ImageId, otherApp.ImageId, otherBase.ImageId }.Distinct().Count().ShouldBe(4);
        _bench.Log.Text.ShouldNotContain("Nothing has changed");
    }

    [Fact]
    public async Task Steps_before_a_change_are_cached_and_said_to_be()
    {
        await _bench.BuildAsync(await _bench.CommandAsync("FROM busybox:stable\nRUN echo slow > /slow\nCOPY x /x\n", ("x", "1")));

        await _bench.BuildAsync(await _bench.CommandAsync("FROM busybox:stable\nRUN echo slow > /slow\nCOPY x /x\n", ("x", "2")));

        _bench.Log.Text.ShouldContain("       [2/3] RUN echo slow > /slow cached\n       [3/3] COPY x /x\n");
    }

    [Fact]
    public async Task An_image_that_was_removed_is_built_again()
    {
        var command = await _bench.CommandAsync(BuildBench.OwnDockerfile, Files);
        var first = await _bench.BuildAsync(command);
        await _engine.DockerAsync("rmi", first.ImageId);

        var second = await _bench.BuildAsync(command with { DeploymentId = Guid.NewGuid() });

        (await _bench.RunAsync(second, "cat", "/app/x")).ShouldBe("1");
    }
}
