using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Services.Tests;

/// <summary>Apps in containers: a real engine and a real registry, with every service a process of its own.</summary>
[Collection(DockerCollection.Name)]
public sealed class DockerTests(DockerCluster docker)
{
    [Fact]
    public async Task From_a_push_to_a_container_that_answers()
    {
        var (cluster, engine, registry) = (docker.Cluster, docker.Engine, docker.Registry);
        using var repository = Repository.Container("one");
        var app = await cluster.CreateAppAsync("hello", repository, target: Target.Docker);

        var first = await cluster.DeployAsync(app, repository);
        first.State.ShouldBe(DeploymentStates.Succeeded, await cluster.LogAsync(first.Id) + cluster.Output);
        first.Steps.ShouldAllBe(step => step.State == StepStates.Succeeded && step.Attempt == 1);
        (await cluster.GetAppAsync("hello")).ShouldBe((HttpStatusCode.OK, "one"));

        // What runs is what was published, and it says where it comes from.
        using var images = Registry(registry);
        var manifest = await images.GetFromJsonAsync<JsonElement>($"v2/hello/manifests/{first.ImageDigest}", TestContext.Current.CancellationToken);
        var image = manifest.GetProperty("config").GetProperty("digest").GetString();
        var config = (await images.GetFromJsonAsync<JsonElement>($"v2/hello/blobs/{image}", TestContext.Current.CancellationToken)).GetProperty("config");
        config.GetProperty("User").GetString().ShouldBe("1000");
        config.GetProperty("Labels").GetProperty("org.opencontainers.image.revision").GetString().ShouldBe(repository.Head);
        config.GetProperty("Labels").GetProperty("io.paas.app").GetString().ShouldBe(app.Id.ToString());
        var running = (await engine.DockerAsync("ps", "--quiet", "--filter", $"label=io.paas.app={app.Id}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem();
        (await engine.DockerAsync("inspect", "--format", "{{.Image}}", running)).Trim().ShouldBe(image);

        // What it prints, and a command beside it.
        using var begun = await cluster.Http.PostAsJsonAsync("/v1/apps/hello/runs", new { command = new[] { "sh", "-c", "echo $PAAS_RELEASE; echo oops >&2; exit 3" } }, TestContext.Current.CancellationToken);
        begun.StatusCode.ShouldBe(HttpStatusCode.Accepted, await begun.Content.ReadAsStringAsync(TestContext.Current.CancellationToken) + cluster.Output);
        (await cluster.Http.GetStringAsync(begun.Headers.Location + "/logs?follow=true", TestContext.Current.CancellationToken)).Split('\n').Order().ShouldBe(["", "oops", "v1"]);
        var run = (await cluster.Http.GetFromJsonAsync<RunResponse>(begun.Headers.Location, TestContext.Current.CancellationToken))!;
        (run.State, run.ExitCode).ShouldBe((RunStates.Ended, 3));
        await engine.DockerAsync("exec", running, "sh", "-c", "echo printed > /proc/1/fd/1");
        await PlatformClient.UntilAsync(
            async () => (await cluster.Http.GetStringAsync("/v1/apps/hello/logs?process=web.1")).EndsWith("Z web.1 | printed\n", StringComparison.Ordinal), "its line was seen");

        repository.Commit(("index.html", "two"));
        var second = await cluster.DeployAsync(app, repository);
        second.State.ShouldBe(DeploymentStates.Succeeded, await cluster.LogAsync(second.Id) + cluster.Output);
        (await cluster.GetAppAsync("hello")).ShouldBe((HttpStatusCode.OK, "two"));

        using var rollback = await cluster.Http.PostAsync("/v1/apps/hello/releases/v1/rollback", null, TestContext.Current.CancellationToken);
        var back = await cluster.EndOfAsync((await rollback.Content.ReadFromJsonAsync<DeploymentResponse>(TestContext.Current.CancellationToken))!.Id);
        back.State.ShouldBe(DeploymentStates.Succeeded, await cluster.LogAsync(back.Id) + cluster.Output);
        back.ImageDigest.ShouldBe(first.ImageDigest);
        foreach (var (tag, release) in new[] { ("v1", first), ("v2", second), ("v3", back) })
        {
            using var tagged = await images.GetAsync($"v2/hello/manifests/{tag}", TestContext.Current.CancellationToken);
            tagged.Headers.GetValues("Docker-Content-Digest").ShouldHaveSingleItem().ShouldBe(release.ImageDigest);
        }

        (await cluster.GetAppAsync("hello")).ShouldBe((HttpStatusCode.OK, "one"));

        (await cluster.Http.DeleteAsync("/v1/apps/hello", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await PlatformClient.UntilAsync(
            async () => (await engine.DockerAsync("ps", "--all", "--quiet", "--filter", $"label=io.paas.app={app.Id}")).Length == 0, "the containers were gone");
    }

    [Fact]
    public async Task A_build_that_fails_is_the_developers_matter_and_says_at_which_step()
    {
        var cluster = docker.Cluster;
        using var repository = Repository.Container("one");
        repository.Commit(("Dockerfile", "FROM busybox\nRUN echo begun\nRUN echo the disk is not the trouble && exit 7\nRUN echo never\nCMD [\"true\"]\n"));
        var app = await cluster.CreateAppAsync("unbuildable", repository, target: Target.Docker);

        var failed = await cluster.DeployAsync(app, repository);

        failed.State.ShouldBe(DeploymentStates.Failed, cluster.Output);
        failed.Failure!.Step.ShouldBe(Step.BuildImage);
        failed.Failure.Message.ShouldContain("3");
        failed.Failure.Message.ShouldContain("7");
        failed.Steps.Single(step => step.Name == Step.BuildImage).Attempt.ShouldBe(1);
        (await cluster.LogAsync(failed.Id)).ShouldContain("the disk is not the trouble");
    }

    [Fact]
    public async Task Samples_without_a_Dockerfile_are_built_pushed_and_run_side_by_side()
    {
        Assert.SkipUnless(Cluster.IsPossible && DockerEngine.IsInstalled && RegistryServer.IsInstalled, "Docker, a registry, RabbitMQ or PostgreSQL is not installed here.");
        Assert.SkipUnless(RuntimeImages.HasPython && RuntimeImages.HasNode, "Python with pip or Node.js with npm is not installed here.");
        await using var engine = await DockerEngine.StartNewAsync();
        await engine.ImportBusyBoxAsync("busybox:stable");
        await engine.ImportPythonAsync();
        await engine.ImportNodeAsync();
        await using var registry = await RegistryServer.StartNewAsync();
        await using var cluster = await Cluster.StartAsync(settings: new()
        {
            ["Docker__Endpoint"] = engine.Endpoint,
            ["Registry__Url"] = registry.Url.ToString(),
            ["Registry__Username"] = RegistryServer.Username,
            ["Registry__Password"] = RegistryServer.Password,
        });

        var answers = await Task.WhenAll(DeployAsync("python-hello"), DeployAsync("node-hello"), DeployAsync("hello"));

        answers[0].ShouldBe("Hello from Python, release v1\n");
        answers[1].ShouldBe("Hello from Node, release v1\n");
        answers[2].ShouldContain("Your push is live");

        async Task<string> DeployAsync(string sample)
        {
            var folder = Path.Combine(BuiltPrograms.RepositoryRoot, "samples", sample);
            using var repository = new Repository([.. Directory.GetFiles(folder).Select(file => (Path.GetFileName(file), File.ReadAllText(file)))]);
            var app = await cluster.CreateAppAsync(sample, repository, target: Target.Docker);
            var deployment = await cluster.DeployAsync(app, repository);
            deployment.State.ShouldBe(DeploymentStates.Succeeded, await cluster.LogAsync(deployment.Id) + cluster.Output);
            var (status, body) = await cluster.GetAppAsync(sample);
            status.ShouldBe(HttpStatusCode.OK, body);
            return body;
        }
    }

    private static HttpClient Registry(RegistryServer registry)
    {
        var http = new HttpClient { BaseAddress = registry.Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{RegistryServer.Username}:{RegistryServer.Password}")));
        http.DefaultRequestHeaders.Accept.ParseAdd("application/vnd.docker.distribution.manifest.v2+json");
        http.DefaultRequestHeaders.Accept.ParseAdd("application/vnd.oci.image.manifest.v1+json");
        return http;
    }
}
