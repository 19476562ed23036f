using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;
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

        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(2, Plan(Web())));

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

        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.Platform.DeployAsync(next));
        platform.Api.Cluster.RefusesPod = null;
        await TestPlatform.UntilAsync(() => platform.Api.Cluster.All("pods", platform.Namespace).Any(pod => $"{pod["metadata"]!["name"]}".StartsWith("release-v2-", StringComparison.Ordinal)), "the pod is made", Seconds);
        await platform.Platform.DeployAsync(next);

        fault.Message.ShouldContain(PodSecurity);
        platform.Log.ShouldContain("migrated");
        platform.Api.Cluster.All("pods", platform.Namespace).Count(pod => $"{pod["metadata"]!["name"]}".StartsWith("release-", StringComparison.Ordinal)).ShouldBe(1);
        platform.RunningImages("web").ShouldContain(Image(2));
    }

    [Fact]
    public async Task What_may_pass_is_told_at_once_and_once_while_it_is_waited_for()
    {
        await using var platform = await StartAsync(Web(), ("Kubernetes:Patience", "00:01:00"));
        var away = true;
        platform.Api.Cluster.ScriptFor = _ => Volatile.Read(ref away) ? PodScript.CantPull("dial tcp: lookup registry.example.com: no such host") : null;

        var deploying = platform.DeployAsync(2, Plan(Web()));
        await TestPlatform.UntilAsync(() => platform.Log.Contains("no such host. ", StringComparison.Ordinal), "the reason is told", Seconds);
        platform.Log.ShouldContain("Waiting up to 60 s for it to pass.");
        Volatile.Write(ref away, false);
        platform.Api.Cluster.Delete("pods", platform.Namespace, platform.Names("pods").First(name => PodHas(platform, name, Image(2))));
        await deploying;

        platform.Log.Split('\n').Count(line => line.Contains("no such host", StringComparison.Ordinal)).ShouldBe(1);
        platform.RunningImages("web").ShouldContain(Image(2));
    }

    [Fact]
    public async Task A_pod_that_was_never_started_is_not_said_to_have_printed_nothing()
    {
        await using var platform = await StartAsync(Web());
        platform.Api.Cluster.Script(Image(2), PodScript.CantPull("registry.example.com/paas/shop: not found"));
        platform.Api.Cluster.Script(Image(3), new PodScript { StartError = "exec: \"serve\": executable file not found in $PATH" });

        var gone = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(2, Plan(Web())));
        await platform.Platform.FailAsync(platform.Release(3, Plan(Web())));

        gone.Message.ShouldContain("Deploy the commit again");
        platform.Log.ShouldNotContain("printed nothing");
    }

    [Fact]
    public async Task More_instances_of_a_new_release_need_no_room_for_more_of_the_old_one()
    {
        await using var platform = await StartAsync(Web(), ("Kubernetes:MaxPods", "3"));
        var old = new HashSet<string>(StringComparer.Ordinal);
        platform.Api.Cluster.ScriptFor = pod =>
        {
            if ((string?)pod["spec"]!["containers"]![0]!["image"] == Image(1))
                old.Add((string)pod["metadata"]!["name"]!);
            return null;
        };

        await platform.DeployAsync(2, Plan(Web(2)));

        old.ShouldBeEmpty("a pod of the old release was made");
        platform.Wanted("web").ShouldBe((Image(2), 2));
        platform.RunningImages("web").ShouldBe([Image(2), Image(2)]);
        platform.Log.ShouldContain("web: the new release replaces the instance first, then 2 are started");
    }

    private static bool PodHas(KubernetesPlatform platform, string pod, string image) => (string?)platform.Find("pods", pod)?["spec"]!["containers"]![0]!["image"] == image;

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
