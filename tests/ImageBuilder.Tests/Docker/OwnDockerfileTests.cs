using Paas.Contracts;
using Paas.Docker;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>Builds with the repository's own Dockerfile, on a real engine.</summary>
public sealed class OwnDockerfileTests : IClassFixture<BusyBoxEngine>, IDisposable
{
    private readonly DockerEngine _engine;
    private readonly BuildBench _bench;

    public OwnDockerfileTests(BusyBoxEngine fixture)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _engine = fixture.Engine;
        _bench = new BuildBench(_engine);
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(256L * 1024 * 1024)]
    public async Task An_image_is_built_with_labels_and_a_name(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        var command = await _bench.CommandAsync("FROM busybox:stable\nCOPY . /app\nRUN cat /app/greeting && echo done\nUSER 1000\n", ("greeting", "hello\n"));

        var built = await _bench.BuildAsync(command);

        var image = await _bench.InspectAsync(built);
        built.ImageId.ShouldBe(image.GetProperty("Id").GetString());
        built.Builder.ShouldBe((await _bench.Client.InfoAsync(TestContext.Current.CancellationToken)).Id);
        image.GetProperty("RepoTags")[0].GetString().ShouldBe($"paas/shop:{command.DeploymentId:N}-1");
        var labels = image.GetProperty("Config").GetProperty("Labels");
        labels.GetProperty(ImageLabels.App).GetString().ShouldBe($"{command.AppId:D}");
        labels.GetProperty(ImageLabels.AppName).GetString().ShouldBe("shop");
        labels.GetProperty(ImageLabels.Commit).GetString().ShouldBe(command.Commit);
        labels.GetProperty(ImageLabels.Deployment).GetString().ShouldBe($"{command.DeploymentId:D}");
        (await _bench.RunAsync(built, "id", "-u")).ShouldBe("1000\n");
        _bench.Log.Text.ShouldContain("-----> Using the repository's Dockerfile");
        _bench.Log.Text.ShouldContain($"       [3/{(memory is null ? 3 : 4)}] RUN cat /app/greeting && echo done\n         hello\n         done\n");
        _bench.Log.Text.ShouldContain("-----> Built an image of ");
        if (memory is not null)
            _bench.Log.Text.ShouldContain("       Each step may use 256 MiB of memory\n");
    }

    [Fact]
    public async Task Arguments_a_stage_and_a_folder_are_the_plans()
    {
        var plan = new BuildPlan
        {
            Runtime = RuntimeName.Docker,
            Dockerfile = "deploy/Dockerfile",
            Context = "web",
            Args = new Dictionary<string, string> { ["WORD"] = "a b&c" },
            DockerTarget = "first",
        };
        var command = await _bench.CommandAsync(
            plan,
            ("deploy/Dockerfile", "FROM busybox:stable AS first\nARG WORD\nCOPY . /app/\nRUN echo \"$WORD\" > /word\nFROM first\nRUN exit 9\n"),
            ("web/index", "within"),
            ("secret", "without"));

        var built = await _bench.BuildAsync(command);

        (await _bench.RunAsync(built, "cat", "/word", "/app/index")).ShouldBe("a b&c\nwithin");
        (await _bench.RunAsync(built, "ls", "-A", "/app")).ShouldBe(".paas.Dockerfile\nindex\n");
    }

    [Fact]
    public async Task What_dockerignore_names_is_not_sent()
    {
        var command = await _bench.CommandAsync(
            "FROM busybox:stable\nCOPY . /app/\n",
            (".dockerignore", "# comment\n**/*.log\nsecrets\n!secrets/public\nDockerfile\n"),
            ("a.log", "1"),
            ("deep/down/b.log", "1"),
            ("secrets/key", "1"),
            ("secrets/public", "1"),
            ("kept", "1"));

        var built = await _bench.BuildAsync(command);

        var files = await _bench.RunAsync(built, "find", "/app", "-type", "f");
        files.Split('\n', StringSplitOptions.RemoveEmptyEntries).Except(["/app/Dockerfile", "/app/.dockerignore"]).Order()
            .ShouldBe(["/app/kept", "/app/secrets/public"]);
    }

    [Fact]
    public async Task Links_that_lead_out_are_left_out_and_named()
    {
        var command = await _bench.CommandOfAsync(
            BuildBench.OwnDockerfile,
            BuildBench.File("Dockerfile", "FROM busybox:stable\nCOPY . /app/\n"),
            BuildBench.File("real", "here"),
            BuildBench.Link("inside", "real"),
            BuildBench.Link("passwd", "/etc/passwd"),
            BuildBench.Link("up", "../../etc/shadow"),
            BuildBench.Link("roundabout", "up/x"));

        var built = await _bench.BuildAsync(command);

        (await _bench.RunAsync(built, "ls", "/app")).ShouldBe("Dockerfile\ninside\nreal\n");
        (await _bench.RunAsync(built, "cat", "/app/inside")).ShouldBe("here");
        _bench.Log.Text.ShouldContain("       passwd is a link to /etc/passwd, outside of the app: left out.");
        _bench.Log.Text.ShouldContain("       roundabout is a link to up/x, outside of the app: left out.");
    }

    [Fact]
    public async Task A_context_full_of_links_is_built_without_them()
    {
        var links = Enumerable.Range(0, 5_000).Select(i => BuildBench.Link($"link{i}", i % 2 == 0 ? "/etc/passwd" : $"link{i - 1}"));
        var command = await _bench.CommandOfAsync(
            BuildBench.OwnDockerfile, [BuildBench.File("Dockerfile", "FROM busybox:stable\nCOPY . /app/\n"), .. links]);

        var built = await _bench.BuildAsync(command);

        (await _bench.RunAsync(built, "ls", "/app")).ShouldBe("Dockerfile\n");
        _bench.Log.Text.ShouldContain("       4980 more links lead out of the app: left out.");
    }

    [Fact]
    public async Task Hard_links_and_devices_are_refused_before_anything_is_sent()
    {
        var dockerfile = BuildBench.File("Dockerfile", "FROM busybox:stable\nCOPY . /app/\n");
        var linked = await _bench.FailAsync(await _bench.CommandOfAsync(
            BuildBench.OwnDockerfile, dockerfile, BuildBench.Link("copy", "/etc/shadow", System.Formats.Tar.TarEntryType.HardLink)));
        var device = await _bench.FailAsync(await _bench.CommandOfAsync(
            BuildBench.OwnDockerfile,
            BuildBench.File("Dockerfile", "FROM busybox:stable\n"),
            new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.BlockDevice, "disk") { DeviceMajor = 8, DeviceMinor = 0 }));

        linked.Reason.ShouldBe(FailureReason.SourceRefused);
        linked.Message.ShouldContain("'copy' is a hard link to '/etc/shadow'");
        device.Message.ShouldContain("'disk' is neither a file, a folder nor a link.");
    }

    [Fact]
    public async Task Sources_over_the_cap_name_the_setting()
    {
        _bench.Options.MaxSlugBytes = 10_000;

        var failure = await _bench.FailAsync(await _bench.CommandAsync("FROM busybox:stable\n", ("big", new string('x', 20_000))));

        failure.Reason.ShouldBe(FailureReason.ImageTooLarge);
        failure.Message.ShouldContain("ImageBuilder__MaxSlugBytes");
    }

    [Fact]
    public async Task A_large_tree_with_long_names_reaches_the_engine_whole()
    {
        var deep = string.Join('/', Enumerable.Repeat("a-long-name-of-a-folder-ä", 8));
        var files = Enumerable.Range(0, 300).Select(i => ($"{deep}/file-{i}", new string((char)('a' + (i % 26)), 10_000)));
        var command = await _bench.CommandAsync("FROM busybox:stable\nCOPY . /app/\n", [.. files]);

        var built = await _bench.BuildAsync(command);

        (await _bench.RunAsync(built, "sh", "-c", "find /app -name 'file-*' -size 10000c | wc -l")).Trim().ShouldBe("300");
    }
}
