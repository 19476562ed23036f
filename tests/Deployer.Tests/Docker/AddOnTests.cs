using Paas.Contracts;
using Paas.Hosting.Steps;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>
/// What the platform does for an add-on, seen with a stand-in for its image: it listens where the real one does, and
/// keeps what it was started with in its data folder.
/// </summary>
public sealed class AddOnTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    private const string Redis = "FROM busybox\nRUN mkdir -p /data && printf '#!/bin/sh\\necho \"$@\" >> /data/starts\\nexec httpd -f -p 6379 -h /data\\n' > /bin/redis-server && chmod +x /bin/redis-server";

    [Fact]
    public async Task An_app_finds_its_add_on_and_the_next_release_finds_the_same()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await BuildAsync("redis:7", Redis);
        var run = Plan(Web(before: "echo $REDIS_URL > /tmp/www/url; wget -q -O /tmp/www/starts http://redis:6379/starts || true")) with { AddOns = [new AddOn { Name = "redis", Version = "7" }] };

        await platform.DeployAsync(1, run);
        var url = new Uri(await platform.AskAsync("/url"));
        await platform.DeployAsync(2, run);

        url.Scheme.ShouldBe("redis");
        url.Authority.ShouldBe("redis:6379");
        var password = url.UserInfo.Split(':')[1];
        password.Length.ShouldBe(48);
        (await platform.AskAsync("/url")).ShouldBe(url.OriginalString);
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-redis", "paas-shop-v2-web-1"]);
        // It was started once, with that password, and what it has written is on its volume.
        (await engine.DockerAsync("exec", "paas-shop-redis", "cat", "/data/starts")).Trim().ShouldBe("/etc/paas/redis.conf");
        (await engine.DockerAsync("exec", "paas-shop-redis", "cat", "/etc/paas/redis.conf")).ShouldBe($"appendonly yes\nrequirepass {password}\n");
        (await engine.DockerAsync("top", "paas-shop-redis", "-o", "pid,args")).ShouldNotContain(password);
        (await engine.DockerAsync("volume", "inspect", $"paas-{platform.App}-redis")).ShouldNotContain(password);

        // The container may be lost, and the data and its password are not.
        await engine.DockerAsync("rm", "-f", "paas-shop-redis");
        await platform.DeployAsync(3, run);
        (await platform.AskAsync("/url")).ShouldBe(url.OriginalString);
        (await engine.DockerAsync("exec", "paas-shop-redis", "cat", "/data/starts")).Trim().Split('\n').Length.ShouldBe(2);

        await platform.RemoveAsync();
        (await platform.ContainersAsync()).ShouldBeEmpty();
        (await engine.DockerAsync("volume", "ls", "-q", "--filter", $"label=io.paas.app={platform.App}")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_container_of_before_with_its_password_in_the_command_line_is_made_again_on_its_data()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await BuildAsync("redis:7", Redis);
        var run = Plan(Web(before: "echo $REDIS_URL > /tmp/www/url")) with { AddOns = [new AddOn { Name = "redis" }] };
        await platform.DeployAsync(1, run);
        var password = new Uri(await platform.AskAsync("/url")).UserInfo.Split(':')[1];
        await engine.DockerAsync("exec", "paas-shop-redis", "touch", "/data/kept");
        await engine.DockerAsync("rm", "-f", "paas-shop-redis");
        await engine.DockerAsync(
            "run", "-d", "--name", "paas-shop-redis", "--label", $"io.paas.app={platform.App}", "--label", "io.paas.digest=redis:7", "--network", $"paas-{platform.App}",
            "--network-alias", "redis", "-v", $"paas-{platform.App}-redis:/data", "redis:7", "redis-server", "--appendonly", "yes", "--requirepass", password);

        await platform.DeployAsync(2, run);

        (await engine.DockerAsync("inspect", "paas-shop-redis")).ShouldNotContain(password);
        await engine.DockerAsync("exec", "paas-shop-redis", "ls", "/data/kept");
    }

    [Fact]
    public async Task Another_version_later_leaves_the_data_with_the_one_it_belongs_to()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        await BuildAsync("redis:7", Redis);
        await platform.DeployAsync(1, Plan(Web()) with { AddOns = [new AddOn { Name = "redis", Version = "7" }] });
        await platform.DeployAsync(2, Plan(Web()) with { AddOns = [new AddOn { Name = "redis", Version = "8" }] });
        platform.Log.ShouldContain("redis stays at redis:7");
        (await platform.AskAsync()).ShouldBe("v2");
    }

    [Fact]
    public async Task One_that_does_not_start_tells_its_last_lines()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, ("Deployer:AddOnTimeout", "00:00:01"), ("Deployer:AddOnImages:redis", "broken-redis:1"));
        await BuildAsync("broken-redis:1", "FROM busybox\nRUN printf '#!/bin/sh\\necho disk is full\\nexec sleep 1000\\n' > /bin/redis-server && chmod +x /bin/redis-server");
        var fault = await Should.ThrowAsync<TimeoutException>(() => platform.DeployAsync(1, Plan(Web()) with { AddOns = [new AddOn { Name = "redis" }] }));
        fault.Message.ShouldContain("redis did not listen on port 6379");
        fault.Message.ShouldContain("disk is full");
    }

    [Fact]
    public async Task One_that_is_not_known_is_the_users_mistake()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine);
        var failure = await platform.FailAsync(1, Plan(Web()) with { AddOns = [new AddOn { Name = "oracle" }] });
        failure.Reason.ShouldBe(FailureReason.NotSupportedByTarget);
        failure.Message.ShouldContain("postgres");
    }

    private async Task BuildAsync(string name, string dockerfile)
    {
        var folder = Directory.CreateTempSubdirectory("paas-image-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"), dockerfile);
            await engine.DockerAsync("build", "--quiet", "--tag", name, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
