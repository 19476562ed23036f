using System.Net;
using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Servers.Kubernetes;

namespace Paas.Services.Tests;

/// <summary>Apps on a cluster, or what answers as one: a real engine builds, a real registry keeps, every service is a process of its own.</summary>
[Collection(DockerCollection.Name)]
public sealed class KubernetesTests(DockerCluster docker)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task From_a_push_to_pods_of_what_was_built_and_back_when_the_next_one_crashes()
    {
        var cluster = docker.Cluster;
        using var repository = Repository.Container("one");
        var app = await cluster.CreateAppAsync("sailing", repository, target: Target.Kubernetes);

        var first = await cluster.DeployAsync(app, repository);
        first.State.ShouldBe(DeploymentStates.Succeeded, await cluster.LogAsync(first.Id) + cluster.Output);
        first.Url.ShouldStartWith("http://sailing.");
        (await cluster.LogAsync(first.Id)).ShouldContain("web: 1 instance runs");
        ImagesOf(app.Id).ShouldHaveSingleItem().ShouldEndWith("/sailing@" + first.ImageDigest);

        docker.Kubernetes.Cluster.ScriptFor = pod => VersionOf(pod) == "v2" ? PodScript.Crashes(3, "it does not float") : null;
        repository.Commit(("index.html", "two"));
        var second = await cluster.DeployAsync(app, repository);
        docker.Kubernetes.Cluster.ScriptFor = null;
        second.State.ShouldBe(DeploymentStates.Failed, await cluster.LogAsync(second.Id) + cluster.Output);
        second.Failure!.Message.ShouldContain("exit code 3");
        var log = await cluster.LogAsync(second.Id);
        log.ShouldContain("it does not float");
        log.ShouldContain("Putting v1 back");
        await PlatformClient.UntilAsync(() => Task.FromResult(ImagesOf(app.Id) is [var image] && image.EndsWith(first.ImageDigest!, StringComparison.Ordinal)), "the first release ran alone");

        (await cluster.Http.DeleteAsync("/v1/apps/sailing", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await PlatformClient.UntilAsync(() => Task.FromResult(NamespaceOf(app.Id) is null), "the namespace was gone");
    }

    [Fact]
    public async Task A_deployer_that_is_killed_in_mid_rollout_finishes_the_same_rollout_when_it_is_back()
    {
        var cluster = docker.Cluster;
        var deployer = cluster.Service("deployer.1");
        using var repository = Repository.Container("one");
        var app = await cluster.CreateAppAsync("resumed", repository, target: Target.Kubernetes);
        docker.Kubernetes.Cluster.ScriptFor = pod => IsOf(pod, app.Id) ? new PodScript { Unschedulable = "0/1 nodes are available: 1 node is starting." } : null;
        await cluster.PushAcceptedAsync(app, repository);
        var id = await cluster.DeploymentOfAsync("resumed", repository.Head);
        await PlatformClient.UntilAsync(() => Task.FromResult(docker.Kubernetes.Cluster.All("pods").Any(pod => IsOf(pod, app.Id))), "there was a pod");
        var rollout = UidOf(app.Id);

        await deployer.KillAsync();
        docker.Kubernetes.Cluster.ScriptFor = null;
        deployer.Start();

        var deployment = await cluster.EndOfAsync(id);
        deployment.State.ShouldBe(DeploymentStates.Succeeded, await cluster.LogAsync(id) + cluster.Output);
        deployment.Release.ShouldBe(1);
        deployment.Steps.ShouldAllBe(step => step.Attempt == 1);
        UidOf(app.Id).ShouldBe(rollout);
        var @namespace = NamespaceOf(app.Id)!;
        docker.Kubernetes.Cluster.Find("deployments", @namespace, "web")!["metadata"]!["generation"]!.ToString().ShouldBe("1");
        docker.Kubernetes.Cluster.All("secrets", @namespace).Select(secret => (string?)secret["metadata"]!["name"]).Where(name => name!.StartsWith("record-", StringComparison.Ordinal)).ShouldBe(["record-v1"]);
        (await cluster.Http.DeleteAsync("/v1/apps/resumed", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    private string? UidOf(Guid app) => (string?)docker.Kubernetes.Cluster.Find("deployments", NamespaceOf(app)!, "web")!["metadata"]!["uid"];

    private string? NamespaceOf(Guid app) => docker.Kubernetes.Cluster.All("namespaces").Where(space => IsOf(space, app)).Select(space => (string?)space["metadata"]!["name"]).FirstOrDefault();

    private List<string> ImagesOf(Guid app) =>
        [.. docker.Kubernetes.Cluster.All("pods").Where(pod => IsOf(pod, app)).Select(pod => (string)pod["spec"]!["containers"]![0]!["image"]!)];

    private static bool IsOf(JsonObject thing, Guid app) => (string?)thing["metadata"]?["labels"]?["io.paas/app"] == app.ToString();

    private static string? VersionOf(JsonObject pod) => (string?)pod["metadata"]?["labels"]?["app.kubernetes.io/version"];
}
