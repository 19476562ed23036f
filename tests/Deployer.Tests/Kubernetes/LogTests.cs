using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Servers.Kubernetes;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>What pods print, as it is followed.</summary>
public sealed class LogTests
{
    [Fact]
    public async Task A_rollout_is_followed_from_the_old_pods_to_the_new_ones()
    {
        await using var platform = await StartAsync();
        platform.Api.Cluster.ScriptFor = pod => new PodScript { Prints = [$"this is {pod["metadata"]!["labels"]!["app.kubernetes.io/version"]}"] };
        await platform.DeployAsync(1, Plan(Web(), Worker()) with { Release = null });
        await using var follower = Follower.Of(platform.Platform, Target.Kubernetes);
        await follower.SeesAsync("this is v1");
        var web = platform.Names("pods").First(name => name.StartsWith("web-", StringComparison.Ordinal));
        platform.Api.Cluster.Print(platform.Namespace, web, "one request");
        await follower.SeesAsync("one request");

        await platform.DeployAsync(2, Plan(Web()));

        await follower.SeesAsync("this is v2");
        follower.Lines.Count(line => line.Text == "this is v1").ShouldBe(2);
        follower.Lines.Count(line => line.Text == "one request").ShouldBe(1);
        follower.Lines.Single(line => line.Text == "one request").Source.ShouldBe("web." + web[(web.LastIndexOf('-') + 1)..]);
        follower.Failures.ShouldBeEmpty();

        var instance = "web." + platform.Names("pods").First(name => name.StartsWith("web-", StringComparison.Ordinal)).Split('-')[^1];
        var alone = await platform.Platform.Services.GetRequiredService<OutputReader>()
            .ReadAsync(Follower.Question(platform.App, Target.Kubernetes) with { Process = instance, Tail = 100, Wait = TimeSpan.Zero }, TestContext.Current.CancellationToken);
        alone.Lines.Select(line => (line.Source, line.Text)).ShouldBe([(instance, "this is v2")]);
    }

    [Fact]
    public async Task A_container_that_is_started_again_is_followed_and_nothing_is_told_twice()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Worker()));
        platform.Api.Cluster.ScriptFor = _ => new PodScript { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 1, Prints = ["up again"], BackOff = TimeSpan.FromSeconds(1) };
        foreach (var pod in platform.Names("pods").ToList())
            platform.Api.Cluster.Delete("pods", platform.Namespace, pod);
        await using var follower = Follower.Of(platform.Platform, Target.Kubernetes);

        await TestPlatform.UntilAsync(() => follower.Lines.Count(line => line.Text == "up again") >= 3, "three starts were told", Seconds);

        // It prints once with each start.
        var told = follower.Lines.Count(line => line.Text == "up again");
        var starts = 1 + (int)platform.Find("pods", platform.Names("pods").Single())!["status"]!["containerStatuses"]![0]!["restartCount"]!;
        told.ShouldBeLessThanOrEqualTo(starts);
        follower.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task Followers_go_on_when_the_server_was_away()
    {
        await using var platform = await StartAsync();
        await platform.DeployAsync(1, Plan(Web()));
        var web = platform.Names("pods").First();
        await using var follower = Follower.Of(platform.Platform, Target.Kubernetes);
        platform.Api.Cluster.Print(platform.Namespace, web, "before");
        await follower.SeesAsync("before");

        await platform.Api.GoAwayAsync();
        platform.Api.Cluster.Print(platform.Namespace, web, "meanwhile");
        await platform.Api.ComeBackAsync();

        await follower.SeesAsync("meanwhile");
        follower.Lines.Count(line => line.Text == "before").ShouldBe(1);
    }
}
