using Paas.Contracts;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>Apps that use real backing services: what a release writes, the next one reads, and so does one after the service was lost.</summary>
public sealed class RealAddOnTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Fact]
    public async Task Redis_keeps_what_a_release_writes()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        Assert.SkipUnless(AddOnImages.HasRedis, "Redis is not to be had from Debian's packages.");
        await using var platform = await StartAsync(engine, ("Deployer:AddOnTimeout", "00:00:40"));
        await engine.ImportRedisAsync("redis:7");
        var run = Plan(Web(before: """
            p=${REDIS_URL#redis://:}; p=${p%%@*}
            (printf "AUTH $$p\r\nSET $PAAS_RELEASE written\r\nKEYS *\r\n"; sleep 0.5) | nc redis 6379 > /tmp/www/answer; true
            """)) with { AddOns = [new AddOn { Name = "redis" }] };

        await platform.DeployAsync(1, run);
        await platform.DeployAsync(2, run);
        (await AnswerAsync(platform)).ShouldBe(["+OK", "+OK", "v1", "v2"]);

        await engine.DockerAsync("rm", "-f", "paas-shop-redis");
        await platform.DeployAsync(3, run);
        (await AnswerAsync(platform)).ShouldBe(["+OK", "+OK", "v1", "v2", "v3"]);
        (await engine.DockerAsync("top", "paas-shop-redis", "-o", "pid,uid")).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].ShouldEndWith(" 999");
    }

    [Fact]
    public async Task Postgres_keeps_what_a_release_writes()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        Assert.SkipUnless(AddOnImages.HasPostgres, "PostgreSQL is not installed here.");
        await using var platform = await StartAsync(engine, ("Deployer:AddOnTimeout", "00:00:40"));
        await engine.ImportPostgresAsync("postgres:17");
        // The app has PostgreSQL's own client.
        var image = await IdOfAsync(engine, "postgres:17");
        var run = Plan(Web(before: """
            psql "$DATABASE_URL" --quiet --no-align --tuples-only --command "CREATE TABLE IF NOT EXISTS written (release text)" --command "INSERT INTO written VALUES ('$PAAS_RELEASE')" --command "SELECT release FROM written" > /tmp/www/answer 2>&1; true
            """)) with { AddOns = [new AddOn { Name = "postgres" }] };

        await platform.DeployAsync(platform.Release(1, run, image));
        await platform.DeployAsync(platform.Release(2, run, image));
        (await AnswerAsync(platform)).ShouldBe(["v1", "v2"]);

        await engine.DockerAsync("rm", "-f", "paas-shop-postgres");
        await platform.DeployAsync(platform.Release(3, run, image));
        (await AnswerAsync(platform)).ShouldBe(["v1", "v2", "v3"]);
    }

    /// <summary>What the service told the app, less the lengths that Redis tells, in order.</summary>
    private static async Task<string[]> AnswerAsync(DockerPlatform platform) =>
        [.. (await platform.AskAsync("/answer")).Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] is not ('$' or '*') && !line.StartsWith("NOTICE", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
