using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;
using Paas.Servers.Kubernetes;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

public sealed class KubernetesTargetTests
{
    [Fact]
    public async Task The_first_release_comes_up_within_its_walls()
    {
        await using var platform = await StartAsync();

        await platform.DeployAsync(1, Plan(Web(2), Worker()));

        platform.Names("deployments").ShouldBe(["web", "worker"]);
        platform.RunningImages("web").ShouldBe([Image(1), Image(1)]);
        platform.Names("networkpolicies").ShouldBe(["default-deny", "internet", "requests", "within-app"]);
        platform.Names("secrets").ShouldBe(["config-v1", "record-v1", "registry"]);
        platform.Names("poddisruptionbudgets").ShouldBe(["web"]);
        platform.Names("ingresses").ShouldBe(["web"]);
        platform.StateOf(1).ShouldBe("live");
        platform.Log.ShouldContain("web: 0 of 2 new instances ready");
        platform.Log.ShouldContain("web: 2 instances run");
        platform.Log.ShouldContain("Release v1 has taken over");
    }

    [Fact]
    public async Task A_new_release_replaces_the_one_before_and_what_it_no_longer_has_is_removed()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web(2), Worker()));

        await platform.DeployAsync(2, Plan(Web()));

        platform.RunningImages("web").ShouldBe([Image(2)]);
        platform.Names("deployments").ShouldBe(["web"]);
        platform.Names("poddisruptionbudgets").ShouldBeEmpty();
        platform.StateOf(2).ShouldBe("live");
    }

    [Fact]
    public async Task The_live_release_again_changes_nothing_by_the_same_deployment_or_another()
    {
        await using var platform = await StartAsync();
        var command = platform.Release(1, Plan(Web()));
        await platform.Platform.DeployAsync(command);
        var pods = platform.Names("pods").ToList();

        await platform.Platform.DeployAsync(command);
        await platform.Platform.DeployAsync(command with { DeploymentId = Guid.NewGuid() });

        platform.Find("deployments", "web")!["metadata"]!["generation"]!.ToString().ShouldBe("1");
        platform.Names("pods").ShouldBe(pods);
        platform.Log.ShouldContain("Release v1 runs already");
    }

    [Fact]
    public async Task A_release_older_than_the_live_one_is_refused()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(2, Plan(Web()));

        var failure = await platform.Platform.FailAsync(platform.Release(1, Plan(Web())));

        failure.Reason.ShouldBe(FailureReason.ReleaseOutdated);
        platform.Wanted("web").Image.ShouldBe(Image(2));
    }

    [Fact]
    public async Task An_image_that_cannot_be_pulled_is_a_fault_and_the_release_before_is_put_back_for_all_process_types()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web(), Worker()));
        platform.Api.Cluster.Script(Image(2), PodScript.CantPull("failed to resolve image: registry.example.com/paas/shop: not found"));

        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(2, Plan(Web(3), Worker())));

        fault.Message.ShouldContain("registry.example.com/paas/shop: not found");
        platform.Wanted("web").ShouldBe((Image(1), 1));
        platform.Wanted("worker").ShouldBe((Image(1), 1));
        platform.Log.ShouldContain("Putting v1 back");
        platform.StateOf(1).ShouldBe("live");
        await TestPlatform.UntilAsync(() => platform.RunningImages("web").SequenceEqual([Image(1)]), "the release before runs alone", Seconds);
    }

    [Fact]
    public async Task An_app_that_crashes_fails_with_its_exit_code_and_last_lines()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web(), Worker()));
        platform.Api.Cluster.ScriptFor = pod => ComponentOf(pod) == "worker" && ImageOf(pod) == Image(2) ? PodScript.Crashes(3, "no such table: orders") : null;

        var failure = await platform.Platform.FailAsync(platform.Release(2, Plan(Web(), Worker())));

        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("worker has ended 2 times, the last time with exit code 3");
        platform.Log.ShouldContain("no such table: orders");
        platform.Wanted("web").Image.ShouldBe(Image(1));
        platform.Wanted("worker").Image.ShouldBe(Image(1));
        platform.Names("secrets").ShouldBe(["config-v1", "record-v1", "registry"]);
    }

    [Fact]
    public async Task A_first_release_that_fails_leaves_nothing_that_runs()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.Script(Image(1), PodScript.Crashes(1));

        await platform.Platform.FailAsync(platform.Release(1, Plan(Web())));

        platform.Names("deployments").ShouldBeEmpty();
        platform.Names("services").ShouldBeEmpty();
        platform.Names("ingresses").ShouldBeEmpty();
        platform.Names("secrets").ShouldBe(["registry"]);
    }

    [Fact]
    public async Task An_app_that_needs_too_much_memory_is_told_so()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.Script(Image(1), PodScript.OutOfMemory());

        var failure = await platform.Platform.FailAsync(platform.Release(1, Plan(Web())));

        failure.Message.ShouldContain("web needed more memory than it may have, 512 MiB");
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_told_at_once()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.Script(Image(1), new PodScript { StartError = "exec: \"serve\": executable file not found in $PATH" });

        var failure = await platform.Platform.FailAsync(platform.Release(1, Plan(Web())));

        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("executable file not found in $PATH");
    }

    [Fact]
    public async Task A_cluster_without_room_is_a_fault_that_names_what_is_short()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.Script(Image(1), new PodScript { Unschedulable = "0/3 nodes are available: 3 Insufficient memory." });

        var fault = await Should.ThrowAsync<RolloutTroubleException>(() => platform.DeployAsync(1, Plan(Web())));

        fault.Message.ShouldContain("3 Insufficient memory");
    }

    [Fact]
    public async Task A_cluster_that_finds_room_in_time_is_waited_for()
    {
        await using var platform = await StartAsync(settings: ("Kubernetes:Patience", "00:01:00"));
        var full = true;
        platform.Api.Cluster.ScriptFor = _ => Volatile.Read(ref full) ? new PodScript { Unschedulable = "0/1 nodes are available: 1 Insufficient cpu." } : null;
        var deploying = platform.DeployAsync(1, Plan(Web()));
        await TestPlatform.UntilAsync(() => platform.Api.Cluster.All("pods", platform.Namespace).Count > 0, "there is a pod", Seconds);

        Volatile.Write(ref full, false);
        await deploying;

        platform.RunningImages("web").ShouldBe([Image(1)]);
    }

    [Fact]
    public async Task The_release_command_runs_before_the_rollout_once_and_its_output_is_in_the_log()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.ScriptFor = pod => ComponentOf(pod) == "release" ? PodScript.Ends(0, "migrated 7 tables") : null;
        var command = platform.Release(1, Plan(Web()) with { Release = TestApp.Command("migrate") });
        platform.Api.FailNext(100, 500, "the storage is away", where: (method, path) => method == "PATCH" && path.Contains("/deployments/", StringComparison.Ordinal));
        await Should.ThrowAsync<Exception>(() => platform.Platform.DeployAsync(command));
        platform.Find("jobs", "release-v1").ShouldNotBeNull();
        var job = (string)platform.Find("jobs", "release-v1")!["metadata"]!["uid"]!;
        platform.Api.StopFailing();

        await platform.Platform.DeployAsync(command);

        platform.Log.ShouldContain("migrated 7 tables");
        ((string)platform.Find("jobs", "release-v1")!["metadata"]!["uid"]!).ShouldBe(job);
        platform.Names("jobs").ShouldBe(["release-v1"]);
    }

    [Fact]
    public async Task A_release_command_that_fails_stops_the_rollout()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web()));
        platform.Api.Cluster.ScriptFor = pod => ComponentOf(pod) == "release" ? PodScript.Ends(7, "table is locked") : null;

        var failure = await platform.Platform.FailAsync(platform.Release(2, Plan(Web()) with { Release = TestApp.Command("migrate") }));

        failure.Reason.ShouldBe(FailureReason.ReleaseCommandFailed);
        failure.Message.ShouldContain("'migrate' exited with code 7");
        platform.Log.ShouldContain("table is locked");
        platform.Wanted("web").Image.ShouldBe(Image(1));
        platform.Names("jobs").ShouldBeEmpty();
    }

    [Fact]
    public async Task What_others_have_changed_is_told_and_set_back()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web()));
        platform.Api.Cluster.Put(new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["name"] = "web", ["namespace"] = platform.Namespace },
            ["spec"] = new JsonObject { ["replicas"] = 5 },
        });

        await platform.DeployAsync(2, Plan(Web()));

        platform.Log.ShouldContain("Somebody else has changed the Deployment web");
        platform.Log.ShouldContain(".spec.replicas");
        platform.Wanted("web").ShouldBe((Image(2), 1));
    }

    [Fact]
    public async Task A_namespace_of_somebody_else_is_left_alone()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.Put(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = platform.Namespace } });

        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.DeployAsync(1, Plan(Web())));

        fault.Message.ShouldContain(platform.Namespace);
        platform.Names("deployments").ShouldBeEmpty();
        platform.Names("secrets").ShouldBeEmpty();
    }

    [Fact]
    public async Task An_add_on_keeps_its_password_and_outlives_the_releases_that_ask_for_it()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web()) with { AddOns = [new AddOn { Name = "redis" }] });
        var password = platform.SecretText("add-on-redis", "password");

        await platform.DeployAsync(2, Plan(Web()) with { AddOns = [new AddOn { Name = "redis", Version = "8" }] });
        await platform.DeployAsync(3, Plan(Web()));

        platform.SecretText("add-on-redis", "password").ShouldBe(password);
        platform.Names("statefulsets").ShouldBe(["redis"]);
        platform.Names("services").ShouldBe(["redis", "web"]);
        platform.Names("persistentvolumeclaims").ShouldBe(["add-on-redis"]);
        platform.Log.ShouldContain("redis stays at redis:7");
    }

    [Fact]
    public async Task A_removed_app_leaves_nothing()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web()) with { AddOns = [new AddOn { Name = "redis" }] });

        await platform.RemoveAsync();
        await platform.RemoveAsync();

        platform.Api.Cluster.Find("namespaces", null, platform.Namespace).ShouldBeNull();
    }

    [Fact]
    public async Task A_namespace_that_is_being_removed_already_is_waited_for()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web()));
        platform.Api.Cluster.Put(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "held", ["namespace"] = platform.Namespace, ["finalizers"] = new JsonArray("example.com/hold") },
        });
        platform.Api.Cluster.Delete("namespaces", null, platform.Namespace);

        var deploying = await Should.ThrowAsync<InvalidOperationException>(() => platform.DeployAsync(2, Plan(Web())));
        var removing = platform.RemoveAsync();
        await Task.WhenAny(removing, TestPlatform.UntilAsync(
            () => platform.Api.Requests.Count(request => request.Method == "GET" && request.Path.EndsWith("/namespaces/" + platform.Namespace, StringComparison.Ordinal)) >= 3, "it was looked for", Seconds));
        removing.IsCompleted.ShouldBeFalse();
        platform.Api.Cluster.Put(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "held", ["namespace"] = platform.Namespace },
        });
        await removing;

        deploying.Message.ShouldContain("is being removed");
        platform.Api.Cluster.Find("namespaces", null, platform.Namespace).ShouldBeNull();
    }

    [Fact]
    public async Task Canceled_when_it_has_taken_over_a_release_stays_and_what_it_does_not_have_is_removed()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web(), Worker()));
        using var cancel = new CancellationTokenSource();
        var log = new TestLog
        {
            OnLine = line =>
            {
                if (line.Contains("v2 has taken over", StringComparison.Ordinal))
                    cancel.Cancel();
            },
        };

        await platform.Platform.Services.GetRequiredService<ReleaseDeployer>().DeployAsync(platform.Release(2, Plan(Web())), log, cancel.Token);

        cancel.IsCancellationRequested.ShouldBeTrue();
        platform.RunningImages("web").ShouldBe([Image(2)]);
        platform.Names("deployments").ShouldBe(["web"]);
    }

    [Fact]
    public async Task What_somebody_removes_in_mid_rollout_is_a_fault_that_says_so()
    {
        await using var platform = await StartAsync(settings: ("Kubernetes:Patience", "00:05:00"));
        platform.Api.Cluster.ScriptFor = _ => new PodScript { Unschedulable = "0/1 nodes are available: 1 node is starting." };
        var deploying = platform.DeployAsync(1, Plan(Web()));
        await TestPlatform.UntilAsync(() => platform.Log.Contains("web: 0 of 1", StringComparison.Ordinal), "it was followed", Seconds);

        platform.Api.Cluster.Delete("deployments", platform.Namespace, "web");

        (await Should.ThrowAsync<RolloutTroubleException>(() => deploying)).Message.ShouldContain("removed the Deployment web");
    }

    [Fact]
    public async Task A_canceled_deployment_puts_the_release_before_back()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web()));
        platform.Api.Cluster.Script(Image(2), PodScript.NeverReady());
        using var cancel = new CancellationTokenSource();
        var deploying = platform.Platform.DeployAsync(platform.Release(2, Plan(Web())), cancel.Token);
        await TestPlatform.UntilAsync(() => platform.RunningImages("web").Contains(Image(2)), "the new instance runs", Seconds);

        await cancel.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => deploying);
        platform.Wanted("web").Image.ShouldBe(Image(1));
    }

    [Fact]
    public async Task The_url_is_given_only_while_the_instances_run_what_was_built()
    {
        await using var ingress = await Ingress.StartAsync();
        await using var platform = await StartAsync(settings: ("Kubernetes:IngressAddress", ingress.Url));
        await platform.DeployAsync(1, Plan(Web()));

        (await platform.ResolveAsync(1, Plan(Web()))).ShouldBe("http://shop.apps.example.com/");
        ingress.Hosts.ShouldContain("shop.apps.example.com/up");
        await platform.DeployAsync(2, Plan(Web()), image: 1);
        var fault = await Should.ThrowAsync<StepPermanentException>(() => platform.ResolveAsync(2, Plan(Web())));

        fault.Message.ShouldContain($"which is not {Digest(2)}");
    }

    [Fact]
    public async Task An_app_that_answers_with_an_error_at_its_url_has_failed()
    {
        await using var ingress = await Ingress.StartAsync(status: 502);
        await using var platform = await StartAsync(settings: [("Kubernetes:IngressAddress", ingress.Url), ("Deployer:UrlTimeout", "00:00:01")]);
        await platform.DeployAsync(1, Plan(Web()));

        var failure = await Should.ThrowAsync<StepFailedException>(() => platform.ResolveAsync(1, Plan(Web())));

        failure.Reason.ShouldBe(FailureReason.UrlNotAnswering);
        failure.Message.ShouldContain("502");
    }

    [Fact]
    public async Task Exposed_at_a_port_of_the_nodes_its_url_has_that_port()
    {
        await using var platform = await StartAsync(settings: [("Kubernetes:Exposure", "NodePort"), ("Kubernetes:NodeAddress", "127.0.0.1")]);
        await platform.DeployAsync(1, Plan(Web()));
        var url = $"http://127.0.0.1:{platform.Find("services", "web")!["spec"]!["ports"]![0]!["nodePort"]}/";
        await using var node = await Ingress.StartAsync(url: url);

        (await platform.ResolveAsync(1, Plan(Web()))).ShouldBe(url);
        platform.Names("ingresses").ShouldBeEmpty();
    }

    [Fact]
    public async Task Exposed_by_a_load_balancer_its_url_is_the_address_that_is_given_in_time()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may listen on port 80.");
        await using var balancer = await Ingress.StartAsync(url: "http://127.77.0.1:80");
        await using var platform = await StartAsync(settings: ("Kubernetes:Exposure", "LoadBalancer"));
        await platform.DeployAsync(1, Plan(Web()));

        var resolving = platform.ResolveAsync(1, Plan(Web()));
        platform.Api.Cluster.LoadBalancerAddress = "127.77.0.1";

        (await resolving).ShouldBe("http://127.77.0.1/");
    }

    [Fact]
    public async Task A_load_balancer_that_gets_no_address_is_a_fault_that_says_so()
    {
        await using var platform = await StartAsync(settings: [("Kubernetes:Exposure", "LoadBalancer"), ("Kubernetes:LoadBalancerTimeout", "00:00:01")]);
        await platform.DeployAsync(1, Plan(Web()));

        var fault = await Should.ThrowAsync<TimeoutException>(() => platform.ResolveAsync(1, Plan(Web())));

        fault.Message.ShouldContain("has not got an address within 1 s");
    }

    private static string? ComponentOf(JsonObject pod) => (string?)pod["metadata"]?["labels"]?[Targets.Kubernetes.AppNamespace.Component];

    private static string? ImageOf(JsonObject pod) => (string?)pod["spec"]?["containers"]?[0]?["image"];
}
