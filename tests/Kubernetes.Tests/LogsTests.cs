using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests;

public sealed class LogsTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    [Fact]
    public async Task A_log_is_read_line_by_line_with_its_times()
    {
        await StartAsync("reads", new PodScript { Prints = ["one", "", "  three "] });
        using var client = cluster.Open();

        var lines = await ReadAsync(client, "reads", new());

        lines.Select(line => line.Text).ShouldBe(["one", "", "  three "]);
        lines.ShouldAllBe(line => line.Time > DateTimeOffset.UtcNow.AddMinutes(-1));
        (await ReadAsync(client, "reads", new() { Tail = 1 })).ShouldHaveSingleItem().Text.ShouldBe("  three ");
        (await ReadAsync(client, "reads", new() { Since = DateTimeOffset.UtcNow.AddMinutes(1) })).ShouldBeEmpty();
        (await ReadAsync(client, "reads", new() { Since = lines[0].Time })).Count.ShouldBe(3);
    }

    [Fact]
    public async Task Following_goes_on_until_the_container_ends()
    {
        await StartAsync("follows", new PodScript { Prints = ["one"] });
        using var client = cluster.Open();
        var lines = new List<string>();
        var reading = Task.Run(
            async () =>
            {
                await foreach (var line in client.ReadLogAsync("demo", "follows", new() { Follow = true }, _cancellation))
                {
                    lock (lines)
                        lines.Add(line.Text);
                }
            }, _cancellation);
        await Wait.UntilAsync(() => Count(lines) == 1);

        cluster.Api.Cluster.Print("demo", "follows", "two");
        await Wait.UntilAsync(() => Count(lines) == 2);
        (await client.DeleteAsync(KubernetesResource.Pods, "demo", "follows", _cancellation, new() { Grace = TimeSpan.Zero })).ShouldBeTrue();

        await reading.WaitAsync(TimeSpan.FromSeconds(20), _cancellation);
        lines.ShouldBe(["one", "two"]);
    }

    [Fact]
    public async Task A_line_without_an_end_is_cut_and_not_kept_in_memory()
    {
        await StartAsync("long", new PodScript { Prints = [new string('x', 100_000), "short"] });
        using var client = cluster.Open();

        var lines = await ReadAsync(client, "long", new());

        lines.ShouldAllBe(line => line.Text.Length <= KubernetesClient.MaxLogLine);
        lines.Sum(line => line.Text.Count(character => character == 'x')).ShouldBe(100_000);
        lines[^1].Text.ShouldBe("short");
        lines.ShouldAllBe(line => line.Time != null);
    }

    [Fact]
    public async Task A_container_that_waits_has_no_log_yet()
    {
        cluster.Api.Cluster.Script("waits", PodScript.CantPull("not found"));
        cluster.Api.Cluster.Put(TestCluster.Pod("waits", "waits").Json);
        await Wait.UntilAsync(() => cluster.Api.Cluster.Find("pods", "demo", "waits")!.ToJsonString().Contains("ImagePullBackOff"));
        using var client = cluster.Open();

        var refused = await Should.ThrowAsync<KubernetesException>(() => ReadAsync(client, "waits", new()));

        (refused.Problem, refused.IsTransient).ShouldBe((KubernetesProblem.ContainerWaiting, true));
        refused.Message.ShouldEndWith("container \"app\" in pod \"waits\" is waiting to start: image can't be pulled");
    }

    [Fact]
    public async Task The_log_before_the_last_restart_is_read_and_one_that_is_gone_is_empty()
    {
        cluster.Api.Cluster.Script("crashes", PodScript.Crashes(3, "boom") with { BackOff = TimeSpan.FromMilliseconds(50) });
        cluster.Api.Cluster.Put(TestCluster.Pod("crashes", "crashes").Json);
        await Wait.UntilAsync(() => cluster.Api.Cluster.Find("pods", "demo", "crashes")!["status"]?["containerStatuses"]?[0]?["restartCount"]?.GetValue<int>() >= 2);
        using var client = cluster.Open();

        (await ReadAsync(client, "crashes", new() { Previous = true })).ShouldHaveSingleItem().Text.ShouldBe("boom");
        cluster.Api.Cluster.CollectsPrevious = true;
        (await ReadAsync(client, "crashes", new() { Previous = true })).ShouldBeEmpty();
        cluster.Api.Cluster.CollectsPrevious = false;
    }

    [Fact]
    public async Task A_pod_that_is_not_there_is_told()
    {
        using var client = cluster.Open();
        (await Should.ThrowAsync<KubernetesException>(() => ReadAsync(client, "nothing", new()))).Problem.ShouldBe(KubernetesProblem.NotFound);
    }

    private async Task StartAsync(string name, PodScript script)
    {
        cluster.Api.Cluster.Script(name, script);
        cluster.Api.Cluster.Put(TestCluster.Pod(name, name).Json);
        await Wait.UntilAsync(() => cluster.Api.Cluster.Find("pods", "demo", name)!["status"]?["phase"]?.ToString() == "Running");
    }

    private async Task<List<KubernetesLogLine>> ReadAsync(KubernetesClient client, string pod, KubernetesLog log)
    {
        var lines = new List<KubernetesLogLine>();
        await foreach (var line in client.ReadLogAsync("demo", pod, log, _cancellation))
            lines.Add(line);
        return lines;
    }

    private static int Count(List<string> lines)
    {
        lock (lines)
            return lines.Count;
    }
}
