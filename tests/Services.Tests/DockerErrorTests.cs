using System.Net;
using System.Net.Http.Json;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Services.Tests;

/// <summary>Apps in containers, when an engine or the registry breaks: what the developer sees of it, and how it goes on.</summary>
[Collection(DockerCollection.Name)]
public sealed class DockerErrorTests(DockerCluster docker)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registry_that_is_down_is_waited_for()
    {
        var cluster = docker.Cluster;
        using var repository = Repository.Container("one");
        var app = await cluster.CreateAppAsync("patient", repository, target: Target.Docker);
        docker.Registry.Kill();
        Guid id;
        try
        {
            await cluster.PushAcceptedAsync(app, repository);
            id = await cluster.DeploymentOfAsync("patient", repository.Head);
            var waiting = await cluster.DeploymentAsync(
                id, x => x.Steps.Any(step => step is { Name: Step.PublishImage, State: StepStates.Retrying }), "waiting for the registry");
            var step = waiting.Steps.Single(step => step.Name == Step.PublishImage);
            step.Error.ShouldNotBeNull().ShouldContain(docker.Registry.Url.Authority);
            step.Error.ShouldContain("refused");
            step.NextTryAt.ShouldNotBeNull();
        }
        finally
        {
            await docker.Registry.StartAsync();
        }

        await SucceedAsync(id, "patient", "one");
        (await cluster.EndOfAsync(id)).Steps.ShouldAllBe(step => step.Attempt == 1);
    }

    [Fact]
    public async Task A_wrong_password_names_its_setting_and_a_replay_goes_on_once_it_is_right()
    {
        var cluster = docker.Cluster;
        using var repository = Repository.Container("one");
        var app = await cluster.CreateAppAsync("locked-out", repository, target: Target.Docker);
        var publisher = cluster.Service("image-publisher.1");
        await RestartAsync(publisher, ("Registry__Password", "not-the-password"));
        DeploymentResponse faulted;
        try
        {
            faulted = await cluster.DeployAsync(app, repository);
        }
        finally
        {
            await RestartAsync(publisher, ("Registry__Password", RegistryServer.Password));
        }

        faulted.State.ShouldBe(DeploymentStates.Faulted, await cluster.LogAsync(faulted.Id) + cluster.Output);
        faulted.Failure!.Step.ShouldBe(Step.PublishImage);
        faulted.Failure.Message.ShouldContain("Registry__Password");
        faulted.Failure.Message.ShouldNotContain("not-the-password");
        (await cluster.LogAsync(faulted.Id)).ShouldNotContain("not-the-password");

        using var replay = await cluster.Http.PostAsync($"/v1/admin/faults/{faulted.Id}/replay", JsonContent.Create(new { }), Cancellation);
        replay.StatusCode.ShouldBe(HttpStatusCode.Accepted, await replay.Content.ReadAsStringAsync(Cancellation));
        await cluster.DeploymentAsync(faulted.Id, x => x.State == DeploymentStates.Succeeded, "succeeded");
    }

    [Fact]
    public async Task An_engine_that_is_killed_in_the_middle_of_a_build_builds_again_when_it_is_back()
    {
        var cluster = docker.Cluster;
        using var repository = Repository.Container("one");
        repository.Commit(("Dockerfile", "FROM busybox\nRUN echo begun && sleep 3\n" + Dockerfile(repository)));
        var app = await cluster.CreateAppAsync("rebuilt", repository, target: Target.Docker);
        await cluster.PushAcceptedAsync(app, repository);
        var id = await cluster.DeploymentOfAsync("rebuilt", repository.Head);
        await PlatformClient.UntilAsync(async () => (await cluster.LogAsync(id)).Split('\n').Any(line => line.Trim() == "begun"), "the build had begun");

        docker.Engine.Kill();
        await cluster.DeploymentAsync(
            id, x => x.Steps.Any(step => step is { Name: Step.BuildImage, State: StepStates.Retrying, Error.Length: > 0 }), "waiting for the engine");
        await docker.Engine.StartAsync();

        await SucceedAsync(id, "rebuilt", "one");
        // Of the build that was broken off there is nothing: neither its container nor an image without a name.
        (await docker.Engine.DockerAsync("ps", "--all", "--format", "{{.Names}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ShouldAllBe(name => name.StartsWith("paas-", StringComparison.Ordinal));
        (await docker.Engine.DockerAsync("images", "--quiet", "--filter", "dangling=true")).ShouldBeEmpty();
        (await docker.Engine.DockerAsync("images", "--quiet", "--filter", $"label=io.paas.app={app.Id}", "--filter", "reference=paas/*")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ShouldHaveSingleItem();
    }

    [Fact]
    public async Task An_engine_that_is_killed_in_the_middle_of_a_push_pushes_again_when_it_is_back()
    {
        using var repository = Repository.Container("one");
        var id = await UntilPushingAsync(repository, "pushed-again");

        docker.Engine.Kill();
        await docker.Engine.StartAsync();

        await SucceedAsync(id, "pushed-again", "one");
    }

    [Fact]
    public async Task A_publisher_that_is_killed_in_the_middle_of_a_push_does_it_anew_when_it_is_back()
    {
        var publisher = docker.Cluster.Service("image-publisher.1");
        using var repository = Repository.Container("one");
        var id = await UntilPushingAsync(repository, "killed-pushing");

        await publisher.KillAsync();
        publisher.Start();

        (await SucceedAsync(id, "killed-pushing", "one")).Steps.ShouldAllBe(step => step.Attempt == 1);
    }

    [Fact]
    public async Task What_an_engine_has_built_that_is_gone_is_built_again_on_another()
    {
        var cluster = docker.Cluster;
        using var repository = Repository.Container("one");
        var app = await cluster.CreateAppAsync("moved", repository, target: Target.Docker);
        var builder = cluster.Service("image-builder.1");
        (await builder.StopAsync()).ShouldBe(0);
        foreach (var service in docker.BesideSecondEngine)
            service.Start();
        await Cluster.WaitUntilReadyAsync(docker.BesideSecondEngine);
        var engine = (await docker.SecondEngine.DockerAsync("info", "--format", "{{.ID}}")).Trim();
        docker.Registry.Kill();
        try
        {
            await cluster.PushAcceptedAsync(app, repository);
            var id = await cluster.DeploymentOfAsync("moved", repository.Head);
            await cluster.DeploymentAsync(id, x => x.Steps.Any(step => step is { Name: Step.PublishImage, State: StepStates.Retrying }), "built, and not published");

            docker.SecondEngine.Kill();
            await docker.Registry.StartAsync();
            builder.Start();

            // Builder and publisher beside the killed engine go on: all they know is that it does not answer.
            var deployment = await SucceedAsync(id, "moved", "one");
            deployment.Steps.Single(step => step.Name == Step.BuildImage).Attempt.ShouldBe(2);
            deployment.Steps.Single(step => step.Name == Step.PublishImage).Attempt.ShouldBe(2);
            var log = await cluster.LogAsync(id);
            log.ShouldContain($"nobody could publish from the engine {engine}, which built the image: the app is built again.");
            log.ShouldContain("What was built is no longer there; building it again");
            (await docker.Engine.DockerAsync("images", "--quiet", "--filter", $"label=io.paas.app={app.Id}")).ShouldNotBeEmpty();
        }
        finally
        {
            foreach (var service in docker.BesideSecondEngine)
                (await service.StopAsync()).ShouldBe(0, service.Output);
            if (!docker.SecondEngine.IsRunning)
                await docker.SecondEngine.StartAsync();
            if (!docker.Registry.IsRunning)
                await docker.Registry.StartAsync();
            if (!builder.IsRunning)
                builder.Start();
        }
    }

    /// <summary>Deploys an image with a large layer that no other app has pushed, and waits until the engine has begun to push it.</summary>
    private async Task<Guid> UntilPushingAsync(Repository repository, string name)
    {
        repository.Commit(("Dockerfile", $"FROM busybox\nRUN head -c 80000000 /dev/urandom > /large && echo {name}\n" + Dockerfile(repository)));
        var app = await docker.Cluster.CreateAppAsync(name, repository, target: Target.Docker);
        var before = docker.Registry.Uploads;
        await docker.Cluster.PushAcceptedAsync(app, repository);
        var id = await docker.Cluster.DeploymentOfAsync(name, repository.Head);
        await PlatformClient.UntilAsync(
            () => Task.FromResult(docker.Registry.Uploads.Except(before).Any(upload => new FileInfo(upload) is { Exists: true, Length: > 0 })), "the push had begun");
        return id;
    }

    private async Task<DeploymentResponse> SucceedAsync(Guid id, string app, string answer)
    {
        var deployment = await docker.Cluster.EndOfAsync(id);
        deployment.State.ShouldBe(DeploymentStates.Succeeded, await docker.Cluster.LogAsync(id) + docker.Cluster.Output);
        (await docker.Cluster.GetAppAsync(app)).ShouldBe((HttpStatusCode.OK, answer));
        return deployment;
    }

    /// <summary>All but the first line of the repository's Dockerfile.</summary>
    private static string Dockerfile(Repository repository) => File.ReadAllText(Path.Combine(repository.Path, "Dockerfile")).Split('\n', 2)[1];

    private static async Task RestartAsync(ServiceProcess service, (string Name, string Value) setting)
    {
        (await service.StopAsync()).ShouldBe(0, service.Output);
        service.Settings[setting.Name] = setting.Value;
        service.Start();
        await Cluster.WaitUntilReadyAsync(service);
    }
}
