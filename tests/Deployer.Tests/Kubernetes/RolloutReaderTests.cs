using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Kubernetes;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>What is told about a rollout, from statuses that a cluster of Kubernetes 1.36 had.</summary>
public sealed class RolloutReaderTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_rollout_is_complete_when_all_new_instances_are_there_and_the_old_ones_gone()
    {
        Assert.Equal(new RolloutState(2, 2, IsComplete: true, Trouble: null), Read("complete"));
    }

    [Fact]
    public void A_rollout_that_is_under_way_is_complete_at_its_last_event_and_not_before()
    {
        var states = Sequence("update-in-order").Select(deployment => Reader().Read(deployment, [], [])).ToList();

        var complete = states.Select(state => state.IsComplete).ToList();
        Assert.False(complete[0], "It told of the release before.");
        var first = complete.IndexOf(true);
        Assert.True(first > 0);
        Assert.All(complete.Skip(first), Assert.True);
        Assert.All(states, state => Assert.Null(state.Trouble));
    }

    [Theory]
    [InlineData("image-missing", null, 0, "127.0.0.1:5000/nosuch:v9: not found")]
    [InlineData("registry-unknown", null, 60, "no such host")]
    [InlineData("image-name-wrong", null, 0, "must be lowercase")]
    [InlineData("crashing", FailureReason.AppExited, 0, "ended 3 times, the last time with exit code 3")]
    [InlineData("crash-loop", FailureReason.AppExited, 0, "exit code 3")]
    [InlineData("out-of-memory", FailureReason.AppExited, 0, "512 MiB")]
    [InlineData("command-missing", FailureReason.AppExited, 0, "/no/such/binary")]
    [InlineData("secret-missing", null, 15, "secret \"missing\" not found")]
    [InlineData("unschedulable", null, 60, "Insufficient cpu, 1 Insufficient memory")]
    [InlineData("quota", FailureReason.QuotaExceeded, 15, "exceeded quota: q")]
    [InlineData("pod-security", null, 0, "violates PodSecurity")]
    [InlineData("unready", FailureReason.HealthCheckFailed, 0, "GET /healthy was answered badly. Readiness probe failed: HTTP probe failed with statuscode: 404")]
    public void Trouble_is_told_with_its_cause(string recorded, string? reason, int patience, string words)
    {
        var state = Read(recorded);

        Assert.False(state.IsComplete);
        Assert.Equal(reason, state.Trouble?.Reason);
        Assert.Equal(TimeSpan.FromSeconds(patience), state.Trouble?.Patience);
        Assert.Contains(words, state.Trouble?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_instance_that_has_ended_once_may_come_up_yet_and_one_that_ends_again_does_not()
    {
        var troubles = Sequence("crash-in-order").Select(pod => Pods().TroubleOf(pod, "web", [])).ToList();

        var first = troubles.FindIndex(trouble => trouble is not null);
        Assert.Equal(7, first);
        Assert.All(troubles.Skip(first), trouble => Assert.Equal(FailureReason.AppExited, trouble?.Reason));
    }

    [Fact]
    public void An_instance_that_fails_its_startup_probe_was_never_healthy()
    {
        var pod = Pod("""{"containerStatuses": [{"name": "web", "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137, "reason": "Error"}}}]}""");
        var events = new[] { Event(pod, "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 500"), Event(pod, "Killing", "Container web failed startup probe, will be restarted") };

        var trouble = Pods("/up").TroubleOf(pod, "web", events);

        Assert.Equal(FailureReason.HealthCheckFailed, trouble?.Reason);
        Assert.Contains("GET /up was answered badly. Startup probe failed: HTTP probe failed with statuscode: 500.", trouble?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_startup_probe_is_told_before_the_node_has_ended_the_container()
    {
        var pod = Pod("""{"containerStatuses": [{"name": "web", "restartCount": 0, "started": false, "state": {"running": {}}, "lastState": {}}]}""");
        var events = new[] { Event(pod, "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 500"), Event(pod, "Killing", "Container web failed startup probe, will be restarted") };

        Assert.Equal(FailureReason.HealthCheckFailed, Pods("/up").TroubleOf(pod, "web", events)?.Reason);
        Assert.Null(Pods("/up").TroubleOf(pod, "web", events[..1]));
    }

    [Fact]
    public void An_instance_that_wrote_more_than_it_may_is_the_apps_trouble()
    {
        var pod = Pod("""{"phase": "Failed", "reason": "Evicted", "message": "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. "}""");

        var trouble = Pods().TroubleOf(pod, "web", []);

        Assert.Equal(FailureReason.AppExited, trouble?.Reason);
        Assert.Contains("2Gi", trouble?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Before_kubernetes_1_31_why_an_image_can_not_be_pulled_is_taken_from_the_last_event()
    {
        var pod = Pod("""{"containerStatuses": [{"name": "web", "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"registry:5000/shop\""}}}]}""");
        var events = new[]
        {
            Event(pod, "Failed", "Failed to pull image \"registry:5000/shop\": rpc error: code = NotFound desc = shop: not found", "2026-11-22T10:56:43Z"),
            Event(pod, "Failed", "Error: ImagePullBackOff", "2026-11-22T10:57:43Z"),
            Event(pod, "Failed", "Failed to pull image \"registry:5000/shop\": dial tcp: no such host", "2026-11-22T10:55:43Z"),
        };

        var trouble = Pods().TroubleOf(pod, "web", EventReader.About(pod, events));
        var early = Pods().TroubleOf(pod, "web", []);

        Assert.Equal(TimeSpan.Zero, trouble?.Patience);
        Assert.Contains("does not have the image of web any more: rpc error: code = NotFound desc = shop: not found.", trouble?.Message, StringComparison.Ordinal);
        Assert.Equal(Minute, early?.Patience);
    }

    [Theory]
    [InlineData("Error creating: pods \"release-v12-x7k2p\" is forbidden: exceeded quota: app", FailureReason.QuotaExceeded, 15)]
    [InlineData("(combined from similar events): Error creating: pods \"release-v12-x7k2p\" is forbidden: violates PodSecurity \"restricted:latest\"", null, 15)]
    [InlineData("Error creating: Internal error occurred: failed calling webhook", null, 60)]
    public void A_job_without_a_pod_is_told_by_the_event_about_it(string words, string? reason, int patience)
    {
        var job = new KubernetesObject(Recorded("job-failed"));
        job.Json["status"] = new JsonObject();

        var trouble = Jobs().Read(job, [], [Event(job, "FailedCreate", words)]).Trouble;

        Assert.Equal(reason, trouble?.Reason);
        Assert.Equal(TimeSpan.FromSeconds(patience), trouble?.Patience);
        Assert.Contains(": " + words[(words.IndexOf("creating: ", StringComparison.Ordinal) + "creating: ".Length)..] + ".", trouble?.Message, StringComparison.Ordinal);
        Assert.Null(Jobs().Read(job, [Pod("{}")], [Event(job, "FailedCreate", words)]).Trouble);
    }

    [Theory]
    [InlineData("container has runAsNonRoot and image will run as root (pod: \\\"web-1\\\", container: web)")]
    [InlineData("container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root (pod: \\\"web-1\\\", container: web)")]
    public void An_image_that_runs_as_root_is_told_how_to_run_as_somebody_else(string words)
    {
        var pod = Pod("""{"containerStatuses": [{"name": "web", "restartCount": 0, "state": {"waiting": {"reason": "CreateContainerConfigError", "message": "WORDS"}}}]}"""
            .Replace("WORDS", words, StringComparison.Ordinal));

        var trouble = Pods().TroubleOf(pod, "web", []);

        Assert.Equal(FailureReason.NotSupportedByTarget, trouble?.Reason);
        Assert.Contains("USER 1000", trouble?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Instances_of_the_release_before_and_such_as_are_ending_do_not_count()
    {
        var recorded = Recorded("complete");
        var pods = Objects(recorded["pods"]).ToList();
        pods[0].Json["metadata"]!["labels"]![AppNamespace.Version] = "v11";
        pods[1].Json["metadata"]!["deletionTimestamp"] = "2026-11-22T10:55:43Z";
        var deployment = new KubernetesObject(recorded["deployment"]!.AsObject());
        deployment.Json["status"]!["updatedReplicas"] = 0;

        Assert.Equal(0, Reader().Read(deployment, pods, []).Ready);
    }

    [Theory]
    [InlineData("job-complete", true, null)]
    [InlineData("job-failed", false, "'migrate' failed, and its exit code is lost")]
    [InlineData("job-deadline", false, "has not ended within 60 s")]
    public void A_job_is_told_by_its_conditions(string recorded, bool isComplete, string? words)
    {
        var state = Jobs().Read(new(Recorded(recorded)), [], []);

        Assert.Equal(isComplete, state.IsComplete);
        Assert.Equal(words is null ? null : FailureReason.ReleaseCommandFailed, state.Trouble?.Reason);
        Assert.Contains(words ?? "", state.Trouble?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_job_is_told_with_the_exit_code_of_its_container()
    {
        var pod = Pod("""{"containerStatuses": [{"name": "release", "state": {"terminated": {"exitCode": 7, "reason": "Error"}}}]}""");

        var state = Jobs().Read(new(Recorded("job-failed")), [pod], []);

        Assert.Contains("'migrate' exited with code 7", state.Trouble?.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.Zero, state.Trouble?.Patience);
    }

    [Fact]
    public void A_failed_job_waits_a_moment_for_the_exit_code_which_another_watch_tells()
    {
        var running = Pod("""{"containerStatuses": [{"name": "release", "state": {"running": {}}}]}""");

        Assert.Equal(TimeSpan.FromSeconds(5), Jobs().Read(new(Recorded("job-failed")), [running], []).Trouble?.Patience);
        Assert.Equal(TimeSpan.FromSeconds(5), Jobs().Read(new(Recorded("job-failed")), [], []).Trouble?.Patience);
    }

    [Fact]
    public void A_node_that_can_not_start_an_instance_is_not_the_apps_fault_and_may_do_so_later()
    {
        var pod = Pod("""{"containerStatuses": [{"name": "web", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]}""");
        var events = new[]
        {
            Event(pod, "FailedScheduling", "0/3 nodes are available: 3 Insufficient memory."),
            Event(pod, "FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = Unknown desc = no space left on device"),
            Event(pod, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", type: "Normal"),
        };

        var trouble = Pods().TroubleOf(pod, "web", events);
        var late = Pods().Late(pod, "web", "ReplicaSet \"web-1\" has timed out progressing.", []);

        Assert.Null(trouble?.Reason);
        Assert.Equal(Minute, trouble?.Patience);
        Assert.Contains("A node could not start an instance of web: Failed to create pod sandbox: rpc error: code = Unknown desc = no space left on device.", trouble?.Message, StringComparison.Ordinal);
        Assert.Null(Pods().TroubleOf(pod, "web", events[..1]));
        Assert.Null(late.Reason);
        Assert.Contains("has timed out progressing", late.Message, StringComparison.Ordinal);
    }

    private static PodReader Pods(string path = "/healthy") => new(512, path, Minute);

    private static RolloutReader Reader() => new("v12", Pods());

    private static JobReader Jobs() => new(Pods(), "migrate", 512, Minute);

    private static RolloutState Read(string name)
    {
        var recorded = Recorded(name);
        var deployment = recorded["deployment"] as JsonObject
            ?? JsonNode.Parse("""{"metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1}, "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}}""")!.AsObject();
        return Reader().Read(new(deployment), Objects(recorded["pods"]), Objects(recorded["events"]));
    }

    private static List<KubernetesObject> Sequence(string name) => Objects(JsonNode.Parse(File.ReadAllText(FileOf(name))));

    private static List<KubernetesObject> Objects(JsonNode? list)
    {
        var objects = list!.AsArray().Select(thing => new KubernetesObject(thing!.AsObject())).ToList();
        foreach (var pod in objects.Where(thing => thing.Kind == "Pod"))
            (pod.Json["metadata"]!["labels"] ??= new JsonObject())[AppNamespace.Version] = "v12";
        return objects;
    }

    private static KubernetesObject Pod(string status) => new(new()
    {
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject { ["name"] = "web-1", ["uid"] = "u1", ["labels"] = new JsonObject { [AppNamespace.Version] = "v12" } },
        ["status"] = JsonNode.Parse(status),
    });

    private static KubernetesObject Event(KubernetesObject pod, string reason, string message, string? at = null, string type = "Warning") => new(new()
    {
        ["kind"] = "Event",
        ["involvedObject"] = new JsonObject { ["uid"] = pod.Uid },
        ["reason"] = reason,
        ["type"] = type,
        ["message"] = message,
        ["lastTimestamp"] = at,
    });

    private static JsonObject Recorded(string name) => JsonNode.Parse(File.ReadAllText(FileOf(name)))!.AsObject();

    private static string FileOf(string name, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Recorded", name + ".json");
}
