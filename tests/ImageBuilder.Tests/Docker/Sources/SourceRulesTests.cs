using Paas.Contracts;
using Paas.Docker;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker.Sources;

/// <summary>What a Dockerfile may not name. A real engine knows the images; none of these is built.</summary>
public sealed class SourceRulesTests : IClassFixture<BusyBoxEngine>, IDisposable
{
    private const string Registry = "registry.example.com";
    private readonly DockerEngine _engine;
    private readonly BuildBench _bench;

    public SourceRulesTests(BusyBoxEngine fixture)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _engine = fixture.Engine;
        _bench = new BuildBench(_engine) { Registry = new RegistryOptions { Url = $"https://{Registry}/paas" } };
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("ADD http://127.0.0.1:5000/x /x")]
    [InlineData("add --chown=1 HTTP://localhost/x /x")]
    [InlineData("ADD [\"http://127.0.0.1/x\", \"/x\"]")]
    [InlineData("ADD x \\\n  http://2130706433/x /x")]
    [InlineData("ADD x \\\n\n# a comment\n  http://0x7f.1/x /x")]
    [InlineData("ARG HOST=127.0.0.1\nADD http://$HOST/x /x")]
    [InlineData("ARG HOST=127.0.0.1\nADD http://${HOST:-github.com}/x /x")]
    [InlineData("ADD http://${HOST:-127.0.0.1}/x /x")]
    [InlineData("ARG A=127 B=.0.0.1\nADD http://$A$B/x /x")]
    [InlineData("ENV A 127.0.0.1\nENV URL=http://$A/x\nADD $URL /x")]
    [InlineData("ADD http://user:github.com@127.0.0.1/x /x")]
    [InlineData("ADD 'http'://12\"7\".0.0.1/x /x")]
    [InlineData("ADD http:///x /x")]
    [InlineData("ADD http://[::ffff:7f00:1]:80/x /x")]
    [InlineData("ADD http://host.docker.internal/x /x")]
    [InlineData("ADD http://metadata.google.internal/computeMetadata/v1/ /x")]
    [InlineData("ADD git@127.0.0.1:a/b.git /x")]
    [InlineData("ADD https://10.0.0.1/a.git#main /x")]
    [InlineData("ONBUILD ADD http://127.0.0.1/x /x")]
    [InlineData("RUN true <<\"USER root\"\nADD http://127.0.0.1/x /x\nUSER root")]
    [InlineData("RUN true \\\\\nADD http://127.0.0.1/x /x")]
    [InlineData("RUN true \\\n  # not all engines take this for a comment\nADD http://127.0.0.1/x /x")]
    [InlineData("ADD $ANYTHING /x")]
    [InlineData("ADD http://${ANYTHING}.example.org/x /x")]
    [InlineData("FROM 127.0.0.1:5000/x")]
    [InlineData("FROM localhost/x")]
    [InlineData("FROM 169.254.169.254/latest/meta-data")]
    [InlineData("COPY --from=10.0.0.1:5000/x /a /a")]
    [InlineData("COPY --fr\"om\"=10.0.0.1:5000/x /a /a")]
    [InlineData("RUN --mount=type=bind,from=127.0.0.1:5000/x,target=/x cat /x/y")]
    [InlineData("RUN --network=host wget http://127.0.0.1/x")]
    public async Task What_only_the_engine_reaches_can_not_be_named(string lines)
    {
        var failure = await RefusedAsync("FROM busybox:stable\n" + lines + "\n");

        failure.ShouldStartWith("Dockerfile, line ");
    }

    [Theory]
    [InlineData("# syntax=127.0.0.1:5000/frontend\nFROM busybox:stable\n")]
    [InlineData("#syntax = attacker/frontend\nFROM busybox:stable\n")]
    [InlineData("#!/usr/bin/env docker\n// syntax=attacker/frontend\nFROM busybox:stable\n")]
    [InlineData("# escape=`\n# syntax=attacker/frontend\nFROM busybox:stable\n")]
    [InlineData("# syntax=docker/dockerfile:1.1-experimental\nFROM busybox:stable\n")]
    [InlineData("# escape=`\nFROM busybox:stable\nADD `\n http://127.0.0.1/x /x\n")]
    [InlineData("ARG BASE=127.0.0.1:5000/x\nFROM $BASE\n")]
    [InlineData("ARG PORT=5000\nFROM 127.0.0.1:${PORT}/x:latest\n")]
    [InlineData("FROM $UNKNOWN\n")]
    [InlineData("FROM ${UNKNOWN#x}/x\n")]
    public async Task Neither_can_frontends_of_others_and_hidden_bases(string dockerfile) => await RefusedAsync(dockerfile);

    [Theory]
    [InlineData("a/../../containers")]
    [InlineData("../info")]
    [InlineData("a?b")]
    [InlineData("A")]
    public async Task A_base_that_is_no_name_of_an_image_is_the_developers_mistake(string image) =>
        (await RefusedAsync($"FROM {image}\n")).ShouldBe($"Dockerfile, line 1: '{image}' is not the name of an image, such as python:3.12-slim. Correct it and push again.");

    [Theory]
    [InlineData("BUILDKIT_SYNTAX", "attacker/frontend")]
    [InlineData("BUILDKIT_CACHE_MOUNT_NS", "victim")]
    public async Task Arguments_of_the_engines_own_are_refused(string name, string value)
    {
        var plan = BuildBench.OwnDockerfile with { Args = new Dictionary<string, string> { [name] = value } };

        (await _bench.FailAsync(await _bench.CommandAsync(plan, ("Dockerfile", "FROM busybox:stable\n")))).Message.ShouldContain(name);
    }

    [Fact]
    public async Task An_argument_given_to_the_build_counts_instead_of_the_Dockerfiles_own()
    {
        const string Dockerfile = "ARG HOST=github.com\nFROM busybox:stable\nARG HOST\nADD http://$HOST/x /x\n";
        var plan = BuildBench.OwnDockerfile with { Args = new Dictionary<string, string> { ["HOST"] = "127.0.0.1" } };

        (await _bench.FailAsync(await _bench.CommandAsync(plan, ("Dockerfile", Dockerfile)))).Message.ShouldContain("http://127.0.0.1/x");
    }

    [Theory]
    [InlineData("FROM registry.example.com/paas/victim:aaaaaaaaaaaa\n")]
    [InlineData("FROM registry.example.com:443/paas/victim\n")]
    [InlineData("FROM REGISTRY.example.com/paas/victim\n")]
    [InlineData("ARG X=victim\nFROM registry.example.com/paas/$X:v1\n")]
    [InlineData("FROM registry.example.com/paas/victim@sha256:0000000000000000000000000000000000000000000000000000000000000000\n")]
    [InlineData("FROM paas/victim:1\n")]
    [InlineData("FROM docker.io/paas/victim:1\n")]
    [InlineData("FROM busybox:stable\nCOPY --from=paas/victim:1 /app /app\n")]
    [InlineData("FROM busybox:stable\nRUN --mount=from=registry.example.com/paas/victim,target=/x true\n")]
    public async Task An_image_of_another_app_can_not_be_named(string dockerfile) =>
        (await RefusedAsync(dockerfile)).ShouldContain("is an image of another app");

    [Fact]
    public async Task Nor_can_one_be_named_by_its_id_or_by_a_name_somebody_gave_it()
    {
        var id = await RandomImage.MakeAsync(_engine, "paas/victim:made", new Dictionary<string, string>(), RandomImage.Bytes());
        await _engine.DockerAsync("tag", id, "somebody/tool:1");
        var labeled = await RandomImage.MakeAsync(
            _engine, "somebody/other:1", new Dictionary<string, string> { [ImageLabels.App] = Guid.NewGuid().ToString() }, RandomImage.Bytes());

        foreach (var name in new[] { id, id[7..], id[7..11], id[..12] })
        {
            (await RefusedAsync($"FROM {name}\n")).ShouldContain("ids");
            (await RefusedAsync($"FROM busybox:stable\nCOPY --from={name} /content /x\n")).ShouldContain("ids");
        }

        (await RefusedAsync("FROM somebody/tool:1\n")).ShouldContain("is an image of another app");
        (await RefusedAsync("FROM somebody/other:1\n")).ShouldContain("is an image of another app");
        labeled.ShouldNotBe(id);
    }

    [Fact]
    public async Task What_a_base_does_in_builds_upon_it_is_looked_at_too()
    {
        var folder = Directory.CreateTempSubdirectory("paas-onbuild-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"), "FROM busybox:stable\nONBUILD ADD http://127.0.0.1/x /x\n", TestContext.Current.CancellationToken);
        await _engine.DockerAsync("build", "--tag", "somebody/trap:1", folder.FullName);
        folder.Delete(recursive: true);

        (await RefusedAsync("FROM somebody/trap:1\n")).ShouldContain("http://127.0.0.1/x");
    }

    [Theory]
    [InlineData("FROM busybox:stable AS deadbeef\nFROM deadbeef\nCOPY --from=0 /bin/busybox /x\n")]
    [InlineData("ARG TAG=stable\nFROM busybox:${TAG} AS build-amd64\nFROM build-$TARGETARCH\n")]
    [InlineData("FROM busybox:stable\nRUN echo 'FROM users' && echo ADD http://127.0.0.1/\n")]
    [InlineData("FROM busybox:stable\nRUN echo \\\n  ADD x && \\\n  echo FROM $TABLE\n")]
    [InlineData("FROM scratch\nCOPY x /x\n")]
    public async Task What_is_like_it_and_harmless_is_built(string dockerfile) =>
        await _bench.BuildAsync(await _bench.CommandAsync(dockerfile, ("x", "1")));

    [Fact]
    public async Task The_operator_can_allow_a_host_and_the_registrys_other_images_may_be_bases()
    {
        await RandomImage.MakeAsync(_engine, "10.0.0.5:5000/base:1", new Dictionary<string, string>(), RandomImage.Bytes());
        await RandomImage.MakeAsync(_engine, "registry.example.com/base/python:1", new Dictionary<string, string>(), RandomImage.Bytes());
        _bench.Options.AllowedHosts = ["10.0.0.5"];

        await _bench.BuildAsync(await _bench.CommandAsync("FROM 10.0.0.5:5000/base:1\nCOPY x /x\n", ("x", "1")));
        await _bench.BuildAsync(await _bench.CommandAsync("FROM registry.example.com/base/python:1\nCOPY x /x\n", ("x", "2")));
    }

    private async Task<string> RefusedAsync(string dockerfile)
    {
        var failure = await _bench.FailAsync(await _bench.CommandAsync(dockerfile));
        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        _bench.Log.Text.ShouldNotContain("Using the repository's Dockerfile");
        return failure.Message;
    }
}
