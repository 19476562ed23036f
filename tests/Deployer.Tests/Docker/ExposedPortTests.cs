using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>Images whose program has a port of its own, on a real engine.</summary>
public sealed class ExposedPortTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    private const string Serving = "FROM busybox:latest\nRUN mkdir /www && echo mine > /www/index.html\n";

    [Fact]
    public async Task The_one_port_an_image_exposes_is_taken_when_nobody_listens_on_PORT()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync(Serving + "EXPOSE 3000\nCMD [\"httpd\", \"-f\", \"-p\", \"3000\", \"-h\", \"/www\"]\n");

        await platform.DeployAsync(platform.Release(1, Plan(Web() with { Command = null }), image));

        (await platform.AskAsync()).ShouldBe("mine");
        platform.Log.ShouldContain("web.1 listens on 3000, the port its image exposes, and not on PORT, which is 8080: requests go to 3000.");

        // The engine gives another port when it starts the container again: the route follows there, too.
        var before = platform.Router.RouteOf(platform.App)!.Instances[0];
        await engine.DockerAsync("restart", "paas-shop-v1-web-1");
        await TestPlatform.UntilAsync(() => platform.Router.RouteOf(platform.App)!.Instances is [var now] && now != before, "the route has followed");
        (await platform.AskAsync()).ShouldBe("mine");
    }

    [Fact]
    public async Task A_program_that_listens_on_PORT_is_found_there_whatever_its_image_exposes()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync(Serving + "EXPOSE 3000\nCMD [\"sh\", \"-c\", \"httpd -f -p $PORT -h /www\"]\n");

        await platform.DeployAsync(platform.Release(1, Plan(Web() with { Command = null }), image));

        (await platform.AskAsync()).ShouldBe("mine");
        platform.Log.ShouldNotContain("the port its image exposes");
    }

    [Fact]
    public async Task The_manifests_port_wins()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync(Serving + "EXPOSE 3000\nCMD [\"httpd\", \"-f\", \"-p\", \"4000\", \"-h\", \"/www\"]\n");

        await platform.DeployAsync(platform.Release(1, Plan(Web() with { Command = null }) with { Port = 4000 }, image));

        (await platform.AskAsync()).ShouldBe("mine");
        platform.Log.ShouldNotContain("the port its image exposes");
    }

    [Fact]
    public async Task Of_several_ports_none_is_guessed()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync(Serving + "EXPOSE 3000 4000\nCMD [\"httpd\", \"-f\", \"-p\", \"4000\", \"-h\", \"/www\"]\n");

        var failure = await platform.Platform.FailAsync(platform.Release(1, Plan(4, Web() with { Command = null }), image));

        failure.Reason.ShouldBe(FailureReason.AppListensElsewhere);
    }

    private async Task<string> BuildAsync(string dockerfile)
    {
        var folder = Directory.CreateTempSubdirectory("paas-image-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"), dockerfile);
            return (await engine.DockerAsync("build", "--quiet", folder.FullName)).Trim();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
