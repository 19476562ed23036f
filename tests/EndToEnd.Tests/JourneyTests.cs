using System.Net;
using System.Net.Http.Json;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests;

/// <summary>What a developer goes through, over HTTP only.</summary>
public sealed class JourneyTests
{
    [Fact]
    public async Task From_the_first_push_to_the_last_request()
    {
        await using var platform = await Platform.StartAsync();
        using var repository = Repository.Python("'one ' + os.environ.get('COLOR', 'no colour') + ' ' + os.environ['PAAS_RELEASE']");
        var app = await platform.CreateAppAsync("hello", repository);
        app.WebhookSecret.ShouldNotBeNullOrEmpty();

        // A signed push, followed to its end.
        var first = await platform.DeployAsync(app, repository);
        first.State.ShouldBe(DeploymentStates.Succeeded, await platform.LogAsync(first.Id));
        first.Commit.ShouldBe(repository.Head);
        first.Release.ShouldBe(1);
        first.Steps.ShouldAllBe(step => step.State == StepStates.Succeeded && step.Attempt == 1);
        first.Url!.ShouldStartWith("http://hello.localhost:");
        first.ImageDigest!.ShouldMatch("^sha256:[0-9a-f]{64}$");
        (await platform.GetAppAsync("hello")).ShouldBe((HttpStatusCode.OK, "one no colour v1"));
        var log = await platform.LogAsync(first.Id);
        log.ShouldContain("-----> ");
        log.ShouldContain("v1 is live");

        // Config vars make a release of the same image.
        var changed = await (await platform.Http.PatchAsJsonAsync("/v1/apps/hello/config-vars", new Dictionary<string, string?> { ["COLOR"] = "blue" }))
            .Content.ReadFromJsonAsync<ConfigVarsResponse>();
        changed!.Items.ShouldHaveSingleItem().Preview.ShouldNotContain("blue");
        (await platform.EndOfAsync(changed.DeploymentId!.Value)).State.ShouldBe(DeploymentStates.Succeeded);
        (await platform.GetAppAsync("hello")).Body.ShouldBe("one blue v2");

        // A second commit.
        repository.Commit(("app.py", Repository.PythonApp("'two ' + os.environ['COLOR']")));
        (await platform.DeployAsync(app, repository)).Release.ShouldBe(3);
        (await platform.GetAppAsync("hello")).Body.ShouldBe("two blue");

        // Back to the first: its code and its config.
        using var rollback = await platform.Http.PostAsync("/v1/apps/hello/releases/v1/rollback", null);
        rollback.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var back = await platform.EndOfAsync((await rollback.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id);
        back.State.ShouldBe(DeploymentStates.Succeeded);
        back.Release.ShouldBe(4);
        back.ImageDigest.ShouldBe(first.ImageDigest);
        (await platform.GetAppAsync("hello")).Body.ShouldBe("one no colour v4");
        var releases = (await platform.Http.GetFromJsonAsync<Page<ReleaseResponse>>("/v1/apps/hello/releases"))!.Items;
        releases.Select(release => (release.Version, release.State)).ShouldBe(
            [(4, ReleaseStates.Live), (3, ReleaseStates.Retired), (2, ReleaseStates.Retired), (1, ReleaseStates.Retired)]);

        // A deployment that takes too long is canceled; what serves goes on serving.
        repository.Commit((".paas.yml", "runtime: python\nentrypoint: [python, app.py]\nrelease: [sleep, '600']\n"));
        await platform.PushAcceptedAsync(app, repository);
        var slow = await platform.DeploymentOfAsync("hello", repository.Head);
        await platform.DeploymentAsync(slow, x => x.State == DeploymentStates.DeployingRelease, "deploying");
        using var cancel = await platform.Http.PostAsync($"/v1/deployments/{slow}/cancel", null);
        cancel.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await platform.EndOfAsync(slow)).State.ShouldBe(DeploymentStates.Canceled);
        (await platform.GetAppAsync("hello")).Body.ShouldBe("one no colour v4");

        // The delivery tells what it led to.
        var deliveries = (await platform.Http.GetFromJsonAsync<Page<DeliveryResponse>>("/v1/deliveries"))!.Items;
        deliveries.Count.ShouldBe(3);
        deliveries.ShouldAllBe(delivery => delivery.Decision == DeliveryDecisions.Deployed && delivery.DeploymentId != null);

        // And it is gone, with its processes.
        (await platform.Http.DeleteAsync("/v1/apps/hello")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await Platform.UntilAsync(() => Task.FromResult(platform.Processes().Count == 0), "the app's processes ended");
        await Platform.UntilAsync(async () => (await platform.GetAppAsync("hello")).Status == HttpStatusCode.NotFound, "the route was gone");
        (await platform.StopAsync()).ShouldBe(0, platform.Output);
    }

    [Fact]
    public async Task Scaled_restarted_and_deployed_again()
    {
        await using var platform = await Platform.StartAsync();
        using var repository = Repository.Python("os.environ['PAAS_RELEASE'] + ' ' + os.environ['PAAS_PROCESS']");
        var app = await platform.CreateAppAsync("sized", repository);
        (await ChangeAsync(2)).ShouldBeNull("it was never deployed");
        (await platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        (await InstancesAsync("v1")).Count.ShouldBe(2);

        // The live commit once more: the same release, the same processes.
        var before = await InstancesAsync("v1");
        using var deploy = await platform.Http.PostAsJsonAsync("/v1/apps/sized/deployments", new { commit = repository.Head });
        var again = await EndAsync((await deploy.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id);
        again.Release.ShouldBe(1);
        (await platform.LogAsync(again.Id)).ShouldContain("Nothing has changed since v1, which goes on.");
        (await InstancesAsync("v1")).ShouldBe(before, ignoreOrder: true);

        // A restart: the same code, other processes.
        using var restart = await platform.Http.PostAsync("/v1/apps/sized/restart", null);
        var restarted = await EndAsync((await restart.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id);
        (restarted.Release, restarted.Trigger, restarted.ImageDigest).ShouldBe((2, "restart", again.ImageDigest));
        (await platform.LogAsync(restarted.Id)).ShouldContain("Release v2: Restart");
        (await InstancesAsync("v2")).Intersect(before).ShouldBeEmpty();

        // To nothing, which is no failure, and back.
        var zero = await EndAsync((await ChangeAsync(0)).ShouldNotBeNull());
        zero.Url.ShouldBeNull();
        (await platform.LogAsync(zero.Id)).ShouldContain("scaled to zero");
        var page = await platform.GetAppAsync("sized");
        page.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        page.Body.ShouldContain("scaled to zero");
        platform.Processes().ShouldBeEmpty();
        (await EndAsync((await ChangeAsync(null)).ShouldNotBeNull())).Release.ShouldBe(4);
        (await InstancesAsync("v4")).Count.ShouldBe(1);
        var releases = (await platform.Http.GetFromJsonAsync<Page<ReleaseResponse>>("/v1/apps/sized/releases"))!.Items;
        releases.Select(release => release.Description).ShouldBe(["Scale web as in the manifest", "Scale web=0", "Restart", $"Deploy {repository.Head[..7]}"]);

        async Task<Guid?> ChangeAsync(int? web)
        {
            using var answer = await platform.Http.PatchAsJsonAsync("/v1/apps/sized/formation", new Dictionary<string, int?> { ["web"] = web });
            return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<FormationResponse>())!.DeploymentId;
        }

        async Task<DeploymentResponse> EndAsync(Guid id)
        {
            var ended = await platform.EndOfAsync(id);
            ended.State.ShouldBe(DeploymentStates.Succeeded, await platform.LogAsync(id));
            return ended;
        }

        // Requests go to all instances in turn.
        async Task<List<string>> InstancesAsync(string release)
        {
            var answers = new HashSet<string>();
            for (var i = 0; i < 8; i++)
                answers.Add((await platform.GetAppAsync("sized")).Body);
            answers.ShouldAllBe(answer => answer.StartsWith(release + " "));
            return [.. answers.Select(answer => answer.Split(' ')[1])];
        }
    }

    [Fact]
    public async Task A_repository_in_the_format_of_the_first_version_runs_as_it_is()
    {
        await using var platform = await Platform.StartAsync();
        using var repository = new Repository(
            (".cupaas.yml", "runtime: python:3.12\nentrypoint: [python, app.py]\n"), ("app.py", Repository.PythonApp("'as it was'")));
        var app = await platform.CreateAppAsync("old-format", repository);

        var deployment = await platform.DeployAsync(app, repository);

        deployment.State.ShouldBe(DeploymentStates.Succeeded, await platform.LogAsync(deployment.Id));
        (await platform.GetAppAsync("old-format")).Body.ShouldBe("as it was");
    }

    [Fact]
    public async Task Ten_deployments_without_one_failed_request()
    {
        await using var platform = await Platform.StartAsync();
        using var repository = Repository.Python("0");
        var app = await platform.CreateAppAsync("busy", repository);
        (await platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        using var stop = new CancellationTokenSource();
        var answers = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        var loops = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var (status, body) = await platform.GetAppAsync("busy");
                answers.AddOrUpdate(status == HttpStatusCode.OK ? body : $"{(int)status} {body}", 1, (_, count) => count + 1);
            }
        })).ToList();

        for (var i = 1; i <= 10; i++)
        {
            repository.Commit(("app.py", Repository.PythonApp($"{i}")));
            (await platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        }

        await stop.CancelAsync();
        await Task.WhenAll(loops);
        answers.Keys.Order().ShouldBe(Enumerable.Range(0, 11).Select(i => $"{i}").Order(), $"{string.Join(", ", answers)}\n{platform.Output}");
        answers.Values.Sum().ShouldBeGreaterThan(500);
    }

    [Fact]
    public async Task Two_webhooks_and_redeliveries_of_one_push_lead_to_one_deployment()
    {
        await using var platform = await Platform.StartAsync();
        using var repository = Repository.Static("once");
        var app = await platform.CreateAppAsync("once", repository);
        for (var i = 0; i < 3; i++)
        {
            foreach (var hook in new[] { "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222" })
            {
                using var response = await platform.PushAsync(repository, app.WebhookSecret, deliveryId: hook);
                response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            }
        }

        var deployment = await platform.EndOfAsync(await platform.DeploymentOfAsync("once", repository.Head));
        deployment.State.ShouldBe(DeploymentStates.Succeeded);
        (await platform.Http.GetFromJsonAsync<Page<DeploymentResponse>>("/v1/apps/once/deployments"))!.Items.ShouldHaveSingleItem();
        await Platform.UntilAsync(
            async () => (await platform.Http.GetFromJsonAsync<Page<DeliveryResponse>>("/v1/deliveries"))!.Items.Select(x => x.Decision).Order()
                .SequenceEqual([DeliveryDecisions.Deployed, DeliveryDecisions.Duplicate]),
            "both deliveries were decided on");
    }

    [Fact]
    public async Task Followed_live_the_log_ends_with_the_deployment()
    {
        await using var platform = await Platform.StartAsync();
        using var repository = Repository.Static("live");
        var app = await platform.CreateAppAsync("live", repository);
        await platform.PushAcceptedAsync(app, repository);
        var id = await platform.DeploymentOfAsync("live", repository.Head);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/deployments/{id}/logs") { Headers = { { "Accept", "text/event-stream" } } };
        using var response = await platform.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var stream = await response.Content.ReadAsStringAsync();

        stream.ShouldContain("event: log");
        stream.ShouldContain("is live");
        stream.Trim().Split("\n\n")[^1].ShouldContain("event: end");
        stream.Trim().Split("\n\n")[^1].ShouldContain("\"state\":\"Succeeded\"");
    }
}
