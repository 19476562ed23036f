using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;
using Paas.Kubernetes;
using Paas.Servers.Kubernetes;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>The API server fails in the middle of a rollout, in each of the ways it can.</summary>
public sealed class UnreliableClusterTests
{
    private static readonly (string, string?) Patient = ("Kubernetes:Patience", "00:05:00");

    [Fact]
    public async Task A_rollout_is_followed_over_watches_that_are_cut_and_a_past_that_is_forgotten()
    {
        await using var platform = await StartAsync(settings: Patient);
        var deploying = await BeginAsync(platform);

        for (var round = 0; round < 3; round++)
        {
            platform.Api.CutWatches();
            await AllWatchAsync(platform);
            platform.Api.ForgetHistory();
            platform.Api.EndWatches();
            await AllWatchAsync(platform);
        }

        await CompleteAsync(platform, deploying);
    }

    [Fact]
    public async Task A_rollout_goes_on_when_the_server_was_away_for_a_while()
    {
        await using var platform = await StartAsync(settings: Patient);
        var deploying = await BeginAsync(platform);

        await platform.Api.GoAwayAsync();
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        deploying.IsCompleted.ShouldBeFalse();
        await platform.Api.ComeBackAsync();

        await CompleteAsync(platform, deploying);
    }

    [Fact]
    public async Task A_server_that_stays_away_is_a_fault_that_is_tried_again_and_nothing_is_lost()
    {
        await using var platform = await StartAsync(settings: [Patient, ("Kubernetes:WatchPatience", "00:00:01")]);
        var deploying = await BeginAsync(platform);

        await platform.Api.GoAwayAsync();
        var fault = await Should.ThrowAsync<KubernetesUnreachableException>(() => deploying);
        await platform.Api.ComeBackAsync();

        fault.Message.ShouldContain(platform.Api.Url.ToString());
        platform.Log.ShouldContain("could not be put back");
        platform.Api.Cluster.ScriptFor = null;
        await platform.DeployAsync(2, Plan(Web()));
        platform.RunningImages("web").ShouldBe([Image(2)]);
    }

    [Fact]
    public async Task Too_many_requests_and_a_server_that_is_busy_are_waited_out()
    {
        await using var platform = await StartAsync();
        platform.Api.FailNext(2, 429, """{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429}""", retryAfter: "1");
        platform.Api.FailNext(2, 503, "apiserver not ready", where: (method, path) => path.Contains("/deployments/", StringComparison.Ordinal));

        await platform.DeployAsync(1, Plan(Web()));

        platform.RunningImages("web").ShouldBe([Image(1)]);
    }

    [Fact]
    public async Task A_500_that_is_about_the_object_is_not_tried_again()
    {
        await using var platform = await StartAsync();
        platform.Api.FailNext(1, 500, """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"failed to create typed patch object (x; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema","code":500}""",
            where: (method, path) => method == "PATCH" && path.Contains("/deployments/", StringComparison.Ordinal));

        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(1, Plan(Web())));

        fault.Message.ShouldContain("field not declared in schema");
    }

    [Fact]
    public async Task Any_other_500_may_go_well_the_next_time()
    {
        await using var platform = await StartAsync();
        platform.Api.FailNext(1, 500, """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"etcdserver: request timed out","code":500}""",
            where: (method, path) => method == "PATCH" && path.Contains("/deployments/", StringComparison.Ordinal));

        var fault = await Should.ThrowAsync<KubernetesException>(() => platform.DeployAsync(1, Plan(Web())));
        await platform.DeployAsync(1, Plan(Web()));

        fault.IsTransient.ShouldBeTrue();
        platform.RunningImages("web").ShouldBe([Image(1)]);
    }

    [Fact]
    public async Task A_token_that_expires_in_mid_rollout_is_read_anew()
    {
        var api = await KubernetesApi.StartAsync();
        api.Allow("first", "deployer");
        var folder = Directory.CreateTempSubdirectory("paas-token-").FullName;
        try
        {
            var token = Path.Combine(folder, "token");
            var kubeconfig = Path.Combine(folder, "kubeconfig");
            await File.WriteAllTextAsync(token, "first", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(kubeconfig, api.Kubeconfig($"{{tokenFile: {token}}}"), TestContext.Current.CancellationToken);
            await using var platform = await StartAsync(api, settings: [Patient, ("Kubernetes:Kubeconfig", kubeconfig)]);
            var deploying = await BeginAsync(platform);

            await File.WriteAllTextAsync(token, "second", TestContext.Current.CancellationToken);
            api.Allow("second", "deployer");
            api.Expire("first");
            api.CutWatches();

            await CompleteAsync(platform, deploying);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Rights_that_are_missing_are_named()
    {
        var api = await KubernetesApi.StartAsync();
        api.Allow("limited", "deployer", (verb, group, resource, _) => resource != "networkpolicies");
        var folder = Directory.CreateTempSubdirectory("paas-token-").FullName;
        var kubeconfig = Path.Combine(folder, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, api.Kubeconfig("{token: limited}"), TestContext.Current.CancellationToken);
        await using var platform = await StartAsync(api, settings: ("Kubernetes:Kubeconfig", kubeconfig));

        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(1, Plan(Web())));

        fault.Message.ShouldContain("networkpolicies");
        fault.Message.ShouldContain("deployer");
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A second release whose instance is not ready yet, and is watched.</summary>
    private static async Task<Task> BeginAsync(KubernetesPlatform platform)
    {
        await platform.DeployAsync(1, Plan(Web()));
        platform.Api.Cluster.ScriptFor = pod => (string?)pod["spec"]?["containers"]?[0]?["image"] == Image(2) ? new PodScript { Unschedulable = "0/1 nodes are available: 1 node is starting." } : null;
        var patient = platform.Release(2, Plan(Web()));
        var deploying = platform.Platform.DeployAsync(patient);
        await TestPlatform.UntilAsync(() => platform.Wanted("web").Image == Image(2), "the new release is applied", Seconds);
        await AllWatchAsync(platform);
        return deploying;
    }

    private static Task AllWatchAsync(KubernetesPlatform platform) =>
        TestPlatform.UntilAsync(() => platform.Api.WatchCount >= 3, "the rollout is watched", Seconds);

    private static async Task CompleteAsync(KubernetesPlatform platform, Task deploying)
    {
        platform.Api.Cluster.ScriptFor = null;
        await deploying;
        platform.RunningImages("web").ShouldBe([Image(2)]);
        platform.StateOf(2).ShouldBe("live");
        platform.Log.Split('\n').Count(line => line.Contains("web: 0 of 1 new instances ready", StringComparison.Ordinal)).ShouldBe(2);
    }
}
