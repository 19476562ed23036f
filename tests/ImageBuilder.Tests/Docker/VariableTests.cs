using Paas.Contracts;
using Paas.ImageBuilder.Docker;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>What builds of images see of the app's variables, and what the images show of them.</summary>
public sealed class VariableTests : IClassFixture<BusyBoxEngine>, IDisposable
{
    private const string Secret = "it's a $SECRET, with \"quotes\"\nand `two` lines";
    private const long Cap = 256L * 1024 * 1024;

    private readonly DockerEngine _engine;
    private readonly BuildBench _bench;

    public VariableTests(BusyBoxEngine fixture)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _engine = fixture.Engine;
        _bench = new BuildBench(_engine);
        _bench.Options.BaseImages.Process = "busybox:stable";
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task A_generated_Dockerfile_gives_them_to_its_steps_and_leaves_no_trace(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        var plan = Plan.Of(RuntimeName.Process, "sh", "make.sh");
        var built = await _bench.BuildAsync(With(
            await _bench.CommandAsync(plan, ("make.sh", "printf %s \"$TOKEN\" | sha256sum > sum; echo $BASE $BOTH > seen; env | grep -ci ftp_proxy >> seen; true\n")),
            new() { ["BASE"] = "/v2", ["BOTH"] = "manifest" }, new() { ["TOKEN"] = Secret, ["BOTH"] = "config" }));

        (await _bench.RunAsync(built, "cat", "seen")).ShouldBe("/v2 config\n0\n");
        (await _bench.RunAsync(built, "cat", "sum")).ShouldStartWith(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Secret))));
        await ShouldNotShowAsync(built, "with \\\"quotes", "with \"quotes");
        _bench.Log.Text.ShouldContain("The build sees BASE, BOTH, TOKEN");
        _bench.Log.Text.ShouldNotContain("quotes");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task An_own_Dockerfile_gets_those_it_asks_for_and_its_history_does_not_tell_them(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        var command = With(
            await _bench.CommandAsync(
                """
                ARG BASE
                FROM busybox:${BASE}
                ARG TOKEN \
                    OTHER=default PIN
                WORKDIR /made
                RUN echo "$TOKEN" | tr a-z A-Z > token
                RUN echo $OTHER $PIN ${UNASKED:-none} > seen
                USER 7:7
                CMD ["cat", "seen"]
                """),
            new() { ["BASE"] = "stable" }, new() { ["TOKEN"] = "p4ss w0rd", ["PIN"] = "12", ["UNASKED"] = "unasked-value" });
        var built = await _bench.BuildAsync(command);

        (await _bench.RunAsync(built)).ShouldBe("default 12 none\n");
        (await _bench.RunAsync(built, "cat", "token")).ShouldBe("P4SS W0RD\n");
        await ShouldNotShowAsync(built, "p4ss", "unasked-value", "PIN=12");
        (await _engine.DockerAsync("history", "--no-trunc", built.ImageId)).ShouldContain("TOKEN=…");
        (await _engine.DockerAsync("image", "ls", "--all", "--format", "{{.Tag}}")).ShouldNotContain("-raw");
        (await _bench.InspectAsync(built)).GetProperty("Config").GetProperty("User").GetString().ShouldBe("7:7");
        _bench.Log.Text.ShouldContain("Build arguments from the app's variables: BASE, PIN, TOKEN");
        _bench.Log.Text.ShouldNotContain("p4ss");

        (await _bench.BuildAsync(command with { DeploymentId = Guid.NewGuid() })).ImageId.ShouldBe(built.ImageId);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_changed_value_is_built_and_an_unchanged_one_is_not(bool isOwn)
    {
        var command = isOwn
            ? await _bench.CommandAsync("FROM busybox:stable\nARG TOKEN\nRUN echo $TOKEN | tr a-z A-Z > /made\n")
            : await _bench.CommandAsync(Plan.Of(RuntimeName.Process, "sh", "make.sh"), ("make.sh", "echo $TOKEN | tr a-z A-Z > /app/made"));
        var file = isOwn ? "/made" : "/app/made";
        var first = await _bench.BuildAsync(With(command, [], new() { ["TOKEN"] = "first" }));
        var again = await _bench.BuildAsync(With(command with { DeploymentId = Guid.NewGuid() }, [], new() { ["TOKEN"] = "first" }));
        var second = await _bench.BuildAsync(With(command with { DeploymentId = Guid.NewGuid() }, [], new() { ["TOKEN"] = "second" }));

        again.ImageId.ShouldBe(first.ImageId);
        (await _bench.RunAsync(first, "cat", file)).ShouldBe("FIRST\n");
        (await _bench.RunAsync(second, "cat", file)).ShouldBe("SECOND\n");
    }

    [Fact]
    public async Task A_value_that_the_Dockerfile_does_not_ask_for_is_no_reason_to_build()
    {
        var command = await _bench.CommandAsync("FROM busybox:stable\nRUN echo > /made\n");
        var first = await _bench.BuildAsync(With(command, [], new() { ["TOKEN"] = "first" }));
        var second = await _bench.BuildAsync(With(command with { DeploymentId = Guid.NewGuid() }, [], new() { ["TOKEN"] = "second" }));

        second.ImageId.ShouldBe(first.ImageId);
    }

    [Fact]
    public async Task The_manifests_build_args_win()
    {
        var built = await _bench.BuildAsync(With(
            await _bench.CommandAsync(
                BuildBench.OwnDockerfile with { Args = new Dictionary<string, string> { ["WHO"] = "manifest" } }, ("Dockerfile", "FROM busybox:stable\nARG WHO\nRUN echo $WHO > /who\n")),
            [], new() { ["WHO"] = "config var" }));

        (await _bench.RunAsync(built, "cat", "/who")).ShouldBe("manifest\n");
    }

    [Theory]
    [InlineData("ARG A", "A")]
    [InlineData("  arg A=1 B C='x y D' E", "A B C E")]
    [InlineData("ARG A=\"x B\" \\\n  # comment C\n  D=2 \\\n  E\nRUN F", "A D E")]
    [InlineData("# ARG A\nRUN echo ARG B", "")]
    [InlineData("ARG BUILDKIT_SYNTAX A", "A")]
    [InlineData("ARG A\r\nARG B=1\r\n", "A B")]
    public void The_names_after_ARG_are_found(string dockerfile, string names) =>
        BuildArguments.AskedFor(dockerfile).Order(StringComparer.Ordinal).ShouldBe(names.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public async Task More_than_a_build_can_be_given_is_refused_with_the_way_out()
    {
        var failure = await _bench.FailAsync(With(
            await _bench.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "")), [], Enumerable.Range(0, 5).ToDictionary(i => $"V{i}", _ => new string('x', 30_000))));

        failure.Message.ShouldContain("--run-only");
    }

    private BuildImage With(BuildImage command, Dictionary<string, string> env, Dictionary<string, string> configVars) =>
        command with { Env = env, SealedConfigVars = _bench.Platform.Sealer.SealAll(configVars) };

    /// <summary>Looks at the configuration, the history and all layers, as whoever pulls the image could.</summary>
    private async Task ShouldNotShowAsync(BuiltImage built, params string[] texts)
    {
        var shown = await _engine.DockerAsync("image", "inspect", built.ImageId) + await _engine.DockerAsync("history", "--no-trunc", built.ImageId);
        var saved = Path.Combine(_bench.Platform.Root, "image.tar");
        await _engine.DockerAsync("save", "--output", saved, built.ImageId);
        shown += System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(saved, TestContext.Current.CancellationToken));
        foreach (var text in texts)
            shown.Contains(text, StringComparison.Ordinal).ShouldBeFalse(text);
    }
}
