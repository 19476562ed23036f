using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Deployer.Tests.Support;
using Paas.Servers.Kubernetes;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>What keeps a release from coming up and shows in events, or where a pod is refused: the developer is told in the cluster's words, and the release before is back.</summary>
public sealed class KubernetesTroubleTests
{
    private const string PodSecurity = "violates PodSecurity \"restricted:latest\": runAsNonRoot != true";

    [Fact]
    public async Task A_startup_probe_that_fails_is_told_with_its_path_and_what_was_answered()
    {
        await using var platform = await StartAsync(Web());
        platform.Api.Cluster.Script(Image(2), PodScript.FailsProbe("HTTP probe failed with statuscode: 500", "no such table: orders"));

        var failure = await platform.Platform.FailAsync(platform.Release(2, Plan(Web())));

        failure.Reason.ShouldBe(FailureReason.HealthCheckFailed);
        failure.Message.ShouldContain("GET /up was answered badly. Startup probe failed: HTTP probe failed with statuscode: 500.");
        platform.Log.ShouldContain("no such table: orders");
        await IsBackAsync(platform);
    }

    [Fact]
    public async Task A_quota_that_is_used_up_is_told_with_what_is_used()
    {
        await using var platform = await StartAsync(Web(2), ("Kubernetes:MaxPods", "2"));

        var failure = await platform.Platform.FailAsync(platform.Release(2, Plan(Web(2))));

        failure.Reason.ShouldBe(FailureReason.QuotaExceeded);
        failure.Message.ShouldContain("exceeded quota: app, requested: ");
        failure.Message.ShouldContain("Kubernetes__MaxPods");
        await IsBackAsync(platform, instances: 2);
    }

    [Fact]
    public async Task A_pod_that_pod_security_refuses_is_a_fault_in_its_words()
    {
        await using var platform = await StartAsync(Web());
        platform.Api.Cluster.RefusesPod = _ => PodSecurity;

        var fault = await Should.ThrowAsync<RolloutTroubleException>(() => platform.DeployAsync(2, Plan(Web())));

        fault.Message.ShouldContain("does not make instances of web");
        fault.Message.ShouldContain(PodSecurity);
        platform.Api.Cluster.RefusesPod = null;
        await IsBackAsync(platform);
    }

    [Fact]
    public async Task A_release_command_for_which_there_is_no_room_in_the_quota_ends_the_deployment_early()
    {
        await using var platform = await StartAsync(Web(2), ("Kubernetes:MaxPods", "2"));

        var failure = await platform.Platform.FailAsync(platform.Release(2, Plan(Web(2)) with { Release = TestApp.Command("migrate") }));

        failure.Reason.ShouldBe(FailureReason.QuotaExceeded);
        failure.Message.ShouldContain("exceeded quota: app, requested: ");
        platform.Names("jobs").ShouldBeEmpty();
        await IsBackAsync(platform, instances: 2);
    }

    [Fact]
    public async Task A_release_command_that_pod_security_refuses_is_a_fault_and_runs_once_when_it_is_let_in()
    {
        await using var platform = await StartAsync(Web());
        platform.Api.Cluster.RefusesPod = _ => PodSecurity;
        platform.Api.Cluster.ScriptFor = pod => (string?)pod["metadata"]!["labels"]![Targets.Kubernetes.AppNamespace.Component] == "release" ? PodScript.Ends(0, "migrated") : null;
        var next = platform.Release(2, Plan(Web()) with { Release = TestApp.Command("migrate") });

        var fault = await Should.ThrowAsync<RolloutTroubleException>(() => platform.Platform.DeployAsync(next));
        platform.Api.Cluster.RefusesPod = null;
        await TestPlatform.UntilAsync(() => platform.Api.Cluster.All("pods", platform.Namespace).Any(pod => $"{pod["metadata"]!["name"]}".StartsWith("release-v2-", StringComparison.Ordinal)), "the pod is made", Seconds);
        await platform.Platform.DeployAsync(next);

        fault.Message.ShouldContain(PodSecurity);
        platform.Log.ShouldContain("migrated");
        platform.Api.Cluster.All("pods", platform.Namespace).Count(pod => $"{pod["metadata"]!["name"]}".StartsWith("release-", StringComparison.Ordinal)).ShouldBe(1);
        platform.RunningImages("web").ShouldContain(Image(2));
    }

    /// <summary>With a release that serves.</summary>
    private static async Task<KubernetesPlatform> StartAsync(ProcessType web, params (string, string?)[] settings)
    {
        var platform = await KubernetesPlatform.StartAsync(settings: settings);
        await platform.DeployAsync(1, Plan(web));
        return platform;
    }

    private static async Task IsBackAsync(KubernetesPlatform platform, int instances = 1)
    {
        platform.Log.ShouldContain("Putting v1 back");
        platform.Wanted("web").ShouldBe((Image(1), instances));
        platform.StateOf(1).ShouldBe("live");
        await TestPlatform.UntilAsync(() => platform.RunningImages("web").SequenceEqual(Enumerable.Repeat(Image(1), instances)), "the release before runs alone", Seconds);
    }
}
