using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;
using Paas.Servers.Kubernetes;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>Add-ons on a cluster: where their images come from, and what is said of one that does not start.</summary>
public sealed class AddOnTests
{
    private const string Own = $"{Registry}/mirror/redis";

    [Fact]
    public async Task An_add_on_is_pulled_from_the_platforms_own_registry_with_its_login()
    {
        await using var platform = await StartAsync(settings: [("Deployer:AddOnImages:redis", $"{Own}:7"), ("Kubernetes:Patience", "00:01:00")]);

        await platform.DeployAsync(1, WithRedis());

        platform.RunningImages("add-on.redis").ShouldBe([$"{Own}:7"]);
    }

    [Fact]
    public async Task Images_are_pulled_with_the_account_that_may_only_read()
    {
        var api = await KubernetesApi.StartAsync();
        api.Cluster.PrivateRegistry = ("registry.example.com", "reader:may only read");
        await using var platform = await StartAsync(
            api, settings: [("Deployer:AddOnImages:redis", $"{Own}:7"), ("Registry:PullUsername", "reader"), ("Registry:PullPassword", "may only read")]);

        await platform.DeployAsync(1, WithRedis());

        platform.RunningImages("web").ShouldBe([Image(1)]);
        platform.SecretText("registry", ".dockerconfigjson").ShouldNotContain(Convert.ToBase64String("paas:of the registry"u8));
    }

    [Fact]
    public async Task A_login_that_is_refused_is_told_as_early_as_in_a_rollout_and_not_tried_again()
    {
        await using var platform = await StartAsync(settings: [("Deployer:AddOnImages:redis", $"{Own}:7"), ("Registry:Password", "another"), ("Deployer:AddOnTimeout", "01:00:00")]);

        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(1, WithRedis()));

        fault.Message.ShouldContain("no basic auth credentials");
        fault.Message.ShouldContain("Registry__PullUsername");
        platform.Log.ShouldNotContain("printed nothing");
    }

    [Fact]
    public async Task A_version_that_does_not_exist_is_the_developers_to_correct_and_the_right_one_takes_its_place()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.Script("redis:99", PodScript.CantPull("docker.io/library/redis:99: not found"));

        var failure = await platform.Platform.FailAsync(platform.Release(1, WithRedis("99")));
        await platform.DeployAsync(2, WithRedis("8"));

        failure.Message.ShouldContain("does not have redis:99, the image of redis");
        failure.Message.ShouldContain(".paas.yml");
        platform.RunningImages("add-on.redis").ShouldBe(["redis:8"]);
        platform.Log.ShouldNotContain("stays at");
    }

    [Fact]
    public async Task One_that_ends_again_and_again_is_a_fault_that_shows_its_last_lines()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.Script("redis:7", PodScript.Crashes(1, "data folder has invalid permissions") with { ReadyAfter = null });

        var fault = await Should.ThrowAsync<RolloutTroubleException>(() => platform.DeployAsync(1, WithRedis()));

        fault.Message.ShouldContain("redis has ended");
        platform.Log.ShouldContain("data folder has invalid permissions");
    }

    [Fact]
    public async Task One_that_takes_no_connections_in_time_is_a_fault_that_shows_its_last_lines()
    {
        await using var platform = await StartAsync(settings: ("Deployer:AddOnTimeout", "00:00:02"));
        platform.Api.Cluster.Script("redis:7", PodScript.NeverReady("reading a large file"));

        var fault = await Should.ThrowAsync<RolloutTroubleException>(() => platform.DeployAsync(1, WithRedis()));

        fault.Message.ShouldContain("redis did not take connections within 2 s");
        platform.Log.ShouldContain("reading a large file");
    }

    [Fact]
    public async Task One_whose_pod_the_cluster_refuses_says_why()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.RefusesPod = pod => $"{pod["metadata"]!["name"]}" == "redis-0" ? "violates PodSecurity \"restricted:latest\"" : null;

        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(1, WithRedis()));

        fault.Message.ShouldContain("violates PodSecurity");
    }

    private static RunPlan WithRedis(string? version = null) => Plan(Web()) with { AddOns = [new AddOn { Name = "redis", Version = version }] };
}
