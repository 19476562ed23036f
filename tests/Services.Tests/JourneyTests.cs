using System.Net;
using System.Net.Http.Json;
using Paas.Contracts.Api;

namespace Paas.Services.Tests;

/// <summary>What a developer goes through, with every service a process of its own.</summary>
public sealed class JourneyTests
{
    [Fact]
    public async Task From_the_first_push_to_the_last_request_through_separate_services()
    {
        Assert.SkipUnless(Cluster.IsPossible, "RabbitMQ or PostgreSQL is not installed here.");
        await using var cluster = await Cluster.StartAsync(new()
        {
            ["gateway"] = 2,
            ["orchestrator"] = 2,
            ["code-downloader"] = 3,
            ["configuration-validator"] = 3,
            ["image-builder"] = 3,
            ["image-publisher"] = 3,
        });
        using var repository = Repository.Python("'one ' + os.environ.get('COLOR', 'no colour') + ' ' + os.environ['PAAS_RELEASE']");
        var app = await cluster.CreateAppAsync("hello", repository);

        var first = await cluster.DeployAsync(app, repository);
        first.State.ShouldBe(DeploymentStates.Succeeded, await cluster.LogAsync(first.Id) + cluster.Output);
        first.Steps.ShouldAllBe(step => step.State == StepStates.Succeeded && step.Attempt == 1);
        for (var i = 0; i < 4; i++)
            (await cluster.GetAppAsync("hello")).ShouldBe((HttpStatusCode.OK, "one no colour v1"));

        var changed = await (await cluster.Http.PatchAsJsonAsync("/v1/apps/hello/config-vars", new Dictionary<string, string?> { ["COLOR"] = "blue" }))
            .Content.ReadFromJsonAsync<ConfigVarsResponse>();
        (await cluster.EndOfAsync(changed!.DeploymentId!.Value)).State.ShouldBe(DeploymentStates.Succeeded);
        for (var i = 0; i < 4; i++)
            (await cluster.GetAppAsync("hello")).Body.ShouldBe("one blue v2");

        repository.Commit(("app.py", Repository.PythonApp("'two'")));
        (await cluster.DeployAsync(app, repository)).Release.ShouldBe(3);
        using var rollback = await cluster.Http.PostAsync("/v1/apps/hello/releases/v1/rollback", null);
        var back = await cluster.EndOfAsync((await rollback.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id);
        back.State.ShouldBe(DeploymentStates.Succeeded);
        back.ImageDigest.ShouldBe(first.ImageDigest);
        for (var i = 0; i < 4; i++)
            (await cluster.GetAppAsync("hello")).Body.ShouldBe("one no colour v4");

        // Canceled while another process works on it: that process hears of it.
        repository.Commit((".paas.yml", "runtime: python\nentrypoint: [python, app.py]\nrelease: [sleep, '600']\n"));
        await cluster.PushAcceptedAsync(app, repository);
        var slow = await cluster.DeploymentOfAsync("hello", repository.Head);
        await cluster.DeploymentAsync(slow, x => x.State == DeploymentStates.DeployingRelease, "deploying");
        using var cancel = await cluster.Http.PostAsync($"/v1/deployments/{slow}/cancel", null);
        cancel.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await cluster.EndOfAsync(slow)).State.ShouldBe(DeploymentStates.Canceled);
        (await cluster.GetAppAsync("hello")).Body.ShouldBe("one no colour v4");

        (await cluster.Http.DeleteAsync("/v1/apps/hello")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        for (var i = 0; i < 2; i++)
            await PlatformClient.UntilAsync(async () => (await cluster.GetAppAsync("hello")).Status == HttpStatusCode.NotFound, "the route was gone");
    }
}
