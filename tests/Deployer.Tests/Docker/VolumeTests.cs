using Paas.Contracts;
using Paas.Hosting.Steps;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>Real volumes, and images whose user is not root.</summary>
public sealed class VolumeTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    /// <summary>Adds its release to what is in the volume, and serves that.</summary>
    private static ProcessType Writer(string folder, int scale = 1) => Process(ProcessType.Web,
        $"echo $PAAS_RELEASE >> {folder}/releases || exit 5; id -u > {folder}/user; exec httpd -f -p $PORT -h {folder}", scale);

    [Fact]
    public async Task What_an_app_without_rights_writes_outlives_its_releases_and_goes_with_it()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        // Nobody has made the folder in this image, and nobody knows the user by name.
        var image = await BuildAsync("volume-number", "FROM busybox\nUSER 1234");
        var run = Plan(Writer("/srv/data")) with { Volumes = [new() { Name = "data", Path = "/srv/data" }], Health = new HealthCheck { Path = "/releases", Timeout = TimeSpan.FromSeconds(Patience) } };

        await platform.DeployAsync(platform.Release(1, run, image));
        // Another path shows the same data.
        var moved = run with { Processes = [Writer("/data", scale: 2)], Volumes = [new() { Name = "data", Path = "/data" }] };
        await platform.DeployAsync(platform.Release(2, moved, image));

        (await platform.AskAsync("/releases")).ShouldBe("v1\nv2\nv2");
        (await platform.AskAsync("/user")).ShouldBe("1234");
        var volume = $"paas-{platform.App}-volume-data";
        (await engine.DockerAsync("exec", "paas-shop-v2-web-1", "stat", "-c", "%u:%g", "/data")).Trim().ShouldBe("1234:0");
        (await engine.DockerAsync("volume", "ls", "-q", "--filter", $"label=io.paas.app={platform.App}")).Trim().ShouldBe(volume);

        await platform.DeployAsync(3, Plan(Web()));
        (await engine.DockerAsync("volume", "ls", "-q")).ShouldContain(volume, Case.Sensitive, "it is kept for the release that names it again");
        await platform.RemoveAsync();
        (await engine.DockerAsync("volume", "ls", "-q")).ShouldNotContain(volume);
    }

    [Fact]
    public async Task A_folder_the_image_has_made_for_its_user_comes_with_its_files_and_owner()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync("volume-made", """
            FROM busybox
            RUN mkdir -p /etc /made && echo 'app:x:1500:1600::/:/bin/sh' >> /etc/passwd && echo v0 > /made/releases && chown -R 1500:1600 /made && chmod 700 /made
            USER app
            """);
        var run = Plan(Writer("/made")) with { Volumes = [new() { Name = "made", Path = "/made" }], Health = new HealthCheck { Path = "/releases", Timeout = TimeSpan.FromSeconds(Patience) } };

        await platform.DeployAsync(platform.Release(1, run, image));

        (await platform.AskAsync("/releases")).ShouldBe("v0\nv1");
        (await engine.DockerAsync("exec", "paas-shop-v1-web-1", "stat", "-c", "%u:%g %a", "/made")).Trim().ShouldBe("1500:1600 700");
    }

    [Fact]
    public async Task A_user_with_a_name_gets_a_folder_nobody_has_made()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var image = await BuildAsync("volume-name", """
            FROM busybox
            RUN mkdir -p /etc /var/lib && echo 'app:x:1500:1600::/:/bin/sh' >> /etc/passwd && echo 'data:x:1700:' >> /etc/group
            USER app:data
            """);
        // A try that was killed has made it, and come no further.
        await engine.DockerAsync("volume", "create", "--label", $"io.paas.app={platform.App}", $"paas-{platform.App}-volume-data");
        var run = Plan(Writer("/var/lib/app")) with
        {
            Volumes = [new() { Name = "data", Path = "/var/lib/app" }],
            Release = TestAppCommand("echo v0 > /var/lib/app/releases"),
            Health = new HealthCheck { Path = "/releases", Timeout = TimeSpan.FromSeconds(Patience) },
        };

        await platform.DeployAsync(platform.Release(1, run, image));

        // The release command has the volume, too.
        (await platform.AskAsync("/releases")).ShouldBe("v0\nv1");
        (await engine.DockerAsync("exec", "paas-shop-v1-web-1", "stat", "-c", "%u:%g", "/var/lib/app")).Trim().ShouldBe("1500:1700");
    }

    [Fact]
    public async Task A_volume_of_somebody_else_is_left_alone()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await engine.DockerAsync("volume", "create", $"paas-{platform.App}-volume-data");
        var run = Plan(Web()) with { Volumes = [new() { Name = "data", Path = "/data" }] };

        (await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(1, run))).Message.ShouldContain("belongs to somebody else");
    }

    private static CommandLine TestAppCommand(string script) => Support.TestApp.Command("sh", "-c", script);

    private async Task<string> BuildAsync(string name, string dockerfile)
    {
        var folder = Directory.CreateTempSubdirectory("paas-volume-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"), dockerfile);
            await engine.DockerAsync("build", "-q", "-t", name, folder.FullName);
            return await IdOfAsync(engine, name);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
