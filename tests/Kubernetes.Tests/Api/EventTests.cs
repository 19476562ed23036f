using System.Text.Json.Nodes;
using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests.Api;

/// <summary>What the double tells in events, where the transcripts don't show it.</summary>
public sealed class EventTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly Cluster _cluster = cluster.Api.Cluster;

    [Fact]
    public async Task A_container_that_fails_its_startup_probe_is_started_again()
    {
        _cluster.Script("late:1", PodScript.FailsProbe("HTTP probe failed with statuscode: 500"));
        var late = TestCluster.Deployment("late", "late:1", 1);
        foreach (var probe in (string[])["startupProbe", "readinessProbe"])
            late.Json["spec"]!["template"]!["spec"]!["containers"]![0]![probe] = new JsonObject { ["httpGet"] = new JsonObject { ["path"] = "/", ["port"] = 8080 }, ["periodSeconds"] = 1, ["failureThreshold"] = 2 };
        using var client = cluster.Open();

        await client.ApplyAsync(late, TestCluster.Cancellation);

        await Wait.UntilAsync(() => Told("late", "Unhealthy").Any(said => (long)said["count"]! >= 3));
        Told("late", "Unhealthy").Single()["message"]!.ToString().ShouldBe("Startup probe failed: HTTP probe failed with statuscode: 500");
        Told("late", "Killing").Single()["message"]!.ToString().ShouldBe("Container app failed startup probe, will be restarted");
        var pod = _cluster.All("pods", "demo").Single(each => (string?)each["metadata"]!["labels"]!["app"] == "late");
        var status = pod["status"]!["containerStatuses"]![0]!;
        ((long)status["restartCount"]!).ShouldBeGreaterThanOrEqualTo(1);
        ((bool)status["started"]!).ShouldBeFalse();
        status["lastState"]!["terminated"]!["reason"]!.ToString().ShouldBe("Error");
        _cluster.Problem.ShouldBeNull();
    }

    [Theory]
    [InlineData("Deployment", "replicaset-controller", "Error creating: pods \"")]
    [InlineData("StatefulSet", "statefulset-controller", "create Pod refused-statefulset-0 in StatefulSet refused-statefulset failed error: pods \"")]
    [InlineData("Job", "job-controller", "Error creating: pods \"")]
    public async Task A_pod_that_can_not_be_made_is_told_about_its_owner_and_made_when_it_can(string kind, string controller, string words)
    {
        var name = $"refused-{kind.ToLowerInvariant()}";
        var owner = TestCluster.Deployment(name, "refused:1", 1);
        owner.Json["kind"] = kind;
        if (kind == "StatefulSet")
            owner.Json["spec"]!["serviceName"] = name;
        if (kind == "Job")
        {
            owner.Json["apiVersion"] = "batch/v1";
            owner.Json["spec"] = new JsonObject { ["template"] = owner.Json["spec"]!["template"]!.DeepClone() };
            owner.Json["spec"]!["template"]!["spec"]!["restartPolicy"] = "Never";
        }

        var isFull = true;
        _cluster.RefusesPod = pod => Volatile.Read(ref isFull) && $"{pod["metadata"]!["name"]}".StartsWith(name, StringComparison.Ordinal) ? "exceeded quota: app" : null;
        using var client = cluster.Open();
        await client.ApplyAsync(owner, TestCluster.Cancellation);

        // Of those whose words are never the same there are a few, and one for all the others.
        var isNamed = kind == "StatefulSet";
        await Wait.UntilAsync(() => Told(name, "FailedCreate").Any(said => (long)said["count"]! >= 2 && $"{said["message"]}".StartsWith("(combined from similar events): ", StringComparison.Ordinal) != isNamed));
        var told = Told(name, "FailedCreate");
        told.Count.ShouldBe(isNamed ? 1 : 11);
        told[0]["message"]!.ToString().ShouldStartWith(words);
        told[0]["message"]!.ToString().ShouldEndWith("is forbidden: exceeded quota: app");
        told[0]["reportingComponent"]!.ToString().ShouldBe(controller);
        told[0]["involvedObject"]!["kind"]!.ToString().ShouldBe(kind == "Deployment" ? "ReplicaSet" : kind);

        Volatile.Write(ref isFull, false);
        await Wait.UntilAsync(() => _cluster.All("pods", "demo").Any(pod => $"{pod["metadata"]!["name"]}".StartsWith(name, StringComparison.Ordinal)));
        _cluster.Problem.ShouldBeNull();
    }

    private List<JsonObject> Told(string name, string reason) =>
        [.. _cluster.All("events", "demo").Where(said => said["reason"]!.ToString() == reason && $"{said["involvedObject"]!["name"]}".StartsWith(name, StringComparison.Ordinal))];
}
