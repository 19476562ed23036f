using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Deployer.Tests.Support;
using Paas.Kubernetes;
using Paas.Servers;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>
/// The target and a cluster that is none of the tests' making: with <c>KUBECONFIG</c> set, and a registry that its nodes
/// reach, by <c>Registry__Url</c>, <c>Registry__Username</c> and <c>Registry__Password</c>. The image is made here.
/// </summary>
public sealed class RealClusterTests : IAsyncLifetime
{
    private static readonly string? Kubeconfig = Environment.GetEnvironmentVariable("KUBECONFIG");
    private static readonly string? Registry = Environment.GetEnvironmentVariable("Registry__Url");
    private static readonly CancellationToken Cancellation = CancellationToken.None;
    private const double Seconds = 180;
    private TestPlatform? _platform;
    private string _digest = "";

    private static bool IsPossible => !string.IsNullOrEmpty(Kubeconfig) && !string.IsNullOrEmpty(Registry) && DockerEngine.IsInstalled;

    private TestPlatform Platform
    {
        get
        {
            Assert.SkipUnless(IsPossible, "KUBECONFIG names no cluster to try it on, Registry__Url no registry for it, or there is no Docker.");
            return _platform!;
        }
    }

    private KubernetesClient Cluster => Platform.Services.GetRequiredService<KubernetesClient>();

    private string Namespace => new AppNamespace(Platform.App, "shop", "production").Name;

    public async ValueTask InitializeAsync()
    {
        if (!IsPossible)
            return;
        var (user, password) = (Environment.GetEnvironmentVariable("Registry__Username"), Environment.GetEnvironmentVariable("Registry__Password"));
        _digest = await PushImageAsync(user, password);
        _platform = await TestPlatform.StartAsync(null, null,
            ("Kubernetes:Kubeconfig", Kubeconfig), ("Registry:Url", Registry), ("Registry:Username", user), ("Registry:Password", password),
            ("Deployer:AppMemory", "64"), ("Kubernetes:MemoryRequest", "16"), ("Kubernetes:CpuRequest", "10m"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_platform is null)
            return;
        await RemoveAsync();
        await _platform.DisposeAsync();
    }

    [Fact]
    public async Task An_update_loses_no_request_and_a_rollback_brings_the_old_one_back()
    {
        await DeployAsync(1, Plan(Web(2)));
        await StartLoadAsync();

        await DeployAsync(2, Plan(Web(2)));
        await DeployAsync(3, Plan(Web(2)));

        var load = await LogAsync("load");
        load.Count(line => line == "ok").ShouldBeGreaterThan(20);
        load.ShouldNotContain("failed");
        (await ReadyAsync("v3")).ShouldBe(2);
        (await ReadyAsync("v1")).ShouldBe(0);
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_told_in_the_registrys_words()
    {
        await DeployAsync(1, Plan(Web()));

        var fault = await Should.ThrowAsync<RolloutTroubleException>(() => DeployAsync(2, Plan(Web()), "sha256:" + new string('0', 64)));

        fault.Message.ShouldContain("not found", Case.Insensitive);
        (await ReadyAsync("v1")).ShouldBe(1);
    }

    [Fact]
    public async Task An_app_that_crashes_is_told_with_its_last_lines_and_the_release_before_goes_on()
    {
        await DeployAsync(1, Plan(Web()));

        var failure = await Should.ThrowAsync<Hosting.Steps.StepFailedException>(() => DeployAsync(2, Plan(Shell("web", "echo boom; exit 3"))));

        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("exit code 3");
        Platform.Log.Text.ShouldContain("boom");
        (await ReadyAsync("v1")).ShouldBe(1);
    }

    [Fact]
    public async Task A_failing_health_check_is_told_with_its_path_and_what_was_answered()
    {
        await DeployAsync(1, Plan(Web()));

        var unhealthy = Plan(Shell("web", "mkdir -p /tmp/www; exec httpd -f -p $$PORT -h /tmp/www"));
        var failure = await Should.ThrowAsync<Hosting.Steps.StepFailedException>(
            () => DeployAsync(2, unhealthy with { Health = new HealthCheck { Path = "/up", Timeout = TimeSpan.FromSeconds(10) } }));

        failure.Reason.ShouldBe(FailureReason.HealthCheckFailed);
        failure.Message.ShouldContain("GET /up");
        failure.Message.ShouldContain("404");
        (await ReadyAsync("v1")).ShouldBe(1);
    }

    [Fact]
    public async Task What_instances_print_is_followed_over_a_rollout()
    {
        await DeployAsync(1, Plan(Shell("worker", "echo this is $$PAAS_RELEASE; exec sleep 1000")));
        await using var follower = Follower.Of(Platform, Target.Kubernetes);
        await follower.SeesAsync("this is v1");

        await DeployAsync(2, Plan(Shell("worker", "echo this is $$PAAS_RELEASE; exec sleep 1000")));

        await follower.SeesAsync("this is v2");
        follower.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_command_runs_beside_the_release_and_ends_with_its_exit_code()
    {
        var release = await DeployAsync(1, Plan(Web()));
        var runs = new TestRuns(Platform, Target.Kubernetes);

        var (run, lines) = await runs.RunAsync(runs.Command(release, "sh", "-c", "echo of $PAAS_RELEASE; exit 7"));
        var (missing, _) = await runs.RunAsync(runs.Command(release, "no-such-command"));
        var endless = await runs.StartAsync(runs.Command(release, "sleep", "1000"));
        var stopped = await runs.StopAsync(endless.RunId);

        lines.Select(line => line.Text).ShouldBe(["of v1"]);
        run.ExitCode.ShouldBe(7);
        (missing.ExitCode, missing.Reason).ShouldBe((127, RunEnds.CommandNotFound));
        stopped.State.ShouldBe(RunStates.Ended);
    }

    [Fact]
    public async Task A_release_command_that_fails_stops_the_rollout()
    {
        await DeployAsync(1, Plan(Web()));

        var failure = await Should.ThrowAsync<Hosting.Steps.StepFailedException>(
            () => DeployAsync(2, Plan(Web()) with { Release = TestApp.Command("sh", "-c", "echo no such table; exit 7") }));

        failure.Reason.ShouldBe(FailureReason.ReleaseCommandFailed);
        failure.Message.ShouldContain("exited with code 7");
        Platform.Log.Text.ShouldContain("no such table");
        (await ReadyAsync("v1")).ShouldBe(1);
    }

    [Fact]
    public async Task It_is_scaled_up_down_and_to_zero()
    {
        await DeployAsync(1, Plan(Web(3)));
        (await ReadyAsync("v1")).ShouldBe(3);

        await DeployAsync(2, Plan(Web()));
        (await ReadyAsync("v2")).ShouldBe(1);

        await DeployAsync(3, Plan(Web(0)));
        (await ReadyAsync("v3")).ShouldBe(0);
    }

    [Fact]
    public async Task An_add_on_keeps_its_data_across_releases()
    {
        const string ask = "p=$${REDIS_URL#redis://:}; p=$${p%%@*}; printf 'AUTH %s\\r\\n{0}\\r\\nQUIT\\r\\n' $$p | nc redis 6379";
        AddOn[] redis = [new() { Name = "redis" }];
        await DeployAsync(1, Plan(Web()) with { AddOns = redis, Release = TestApp.Command("sh", "-c", ask.Replace("{0}", "SET greeting hello-again", StringComparison.Ordinal)) });

        await DeployAsync(2, Plan(Web()) with { AddOns = redis, Release = TestApp.Command("sh", "-c", ask.Replace("{0}", "GET greeting", StringComparison.Ordinal) + " | grep hello-again") });

        Platform.Log.Text.ShouldContain("hello-again");
    }

    [Fact]
    public async Task A_removed_app_leaves_nothing()
    {
        await DeployAsync(1, Plan(Web()));

        await RemoveAsync();

        (await Cluster.FindAsync(KubernetesResource.Namespaces, null, Namespace, Cancellation)).ShouldBeNull();
    }

    private static ProcessType Web(int scale = 1) => Shell("web", "mkdir -p /tmp/www; echo $$PAAS_RELEASE > /tmp/www/up; exec httpd -f -p $$PORT -h /tmp/www", scale);

    private static ProcessType Shell(string name, string script, int scale = 1) => new() { Name = name, Command = TestApp.Command("sh", "-c", script), Scale = scale };

    private static RunPlan Plan(params ProcessType[] processes) => new()
    {
        Runtime = RuntimeName.Docker,
        Processes = processes,
        Health = new HealthCheck { Path = "/up", Timeout = TimeSpan.FromSeconds(60) },
    };

    private async Task<DeployRelease> DeployAsync(int release, RunPlan plan, string? digest = null)
    {
        var command = TestApp.Release(Platform.App, release, digest ?? _digest, plan) with { Target = Target.Kubernetes };
        await Platform.DeployAsync(command);
        return command;
    }

    private Task RemoveAsync() => Platform.Services.GetRequiredService<ReleaseDeployer>()
        .RemoveAsync(new RemoveApp { AppId = Platform.App, App = "shop", Target = Target.Kubernetes }, Cancellation);

    private async Task<int> ReadyAsync(string version) =>
        (await Cluster.ListAsync(KubernetesResource.Pods, Namespace, Cancellation, labels: $"{AppNamespace.Version}={version}")).Items
            .Count(pod => pod.DeletionTimestamp is null && RolloutReader.Condition(pod, "Ready")?.Status == "True");

    /// <summary>A pod of no release, which asks the app's Service again and again.</summary>
    private async Task StartLoadAsync()
    {
        var pod = (JsonObject)(await Cluster.ListAsync(KubernetesResource.Pods, Namespace, Cancellation, labels: $"{AppNamespace.Version}=v1")).Items[0].Json["spec"]!.DeepClone();
        var container = pod["containers"]![0]!.AsObject();
        container["args"] = new JsonArray("sh", "-c", "while true; do timeout 5 wget -q -O /dev/null http://web/up && echo ok || echo failed; sleep 0.1; done");
        foreach (var field in new[] { "readinessProbe", "startupProbe", "lifecycle", "ports" })
            container.Remove(field);
        foreach (var field in new[] { "nodeName", "topologySpreadConstraints", "serviceAccountName", "serviceAccount" })
            pod.Remove(field);
        var made = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = new JsonObject { ["name"] = "load", ["namespace"] = Namespace }, ["spec"] = pod };
        await Cluster.CreateAsync(new(made), Cancellation);
        for (var waited = 0; !(await LogAsync("load")).Contains("ok"); waited++)
        {
            waited.ShouldBeLessThan((int)Seconds, "the load had begun");
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        }
    }

    private async Task<List<string>> LogAsync(string pod)
    {
        var lines = new List<string>();
        try
        {
            await foreach (var line in Cluster.ReadLogAsync(Namespace, pod, new(), Cancellation))
                lines.Add(line.Text);
        }
        catch (KubernetesException exception) when (exception.Problem == KubernetesProblem.ContainerWaiting)
        {
            // Not yet.
        }

        return lines;
    }

    /// <summary>A BusyBox that runs as somebody, in the registry.</summary>
    private static async Task<string> PushImageAsync(string? user, string? password)
    {
        await using var engine = await DockerEngine.StartNewAsync();
        await engine.ImportBusyBoxAsync();
        var prefix = new Paas.Docker.RegistryOptions { Url = Registry }.Prefix!;
        var folder = Directory.CreateTempSubdirectory("paas-image-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "Dockerfile"), "FROM busybox:latest\nUSER 1000\n");
            await engine.DockerAsync("build", "--tag", $"{prefix}/shop:paas-test", folder);
            if (!string.IsNullOrEmpty(user))
                await engine.DockerAsync("--config", folder, "login", "--username", user, "--password", password ?? "", prefix.Split('/')[0]);
            await engine.DockerAsync("--config", folder, "push", $"{prefix}/shop:paas-test");
            var pushed = await engine.DockerAsync("image", "inspect", "--format", "{{index .RepoDigests 0}}", $"{prefix}/shop:paas-test");
            return pushed.Trim().Split('@')[1];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
