using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Paas.Contracts.Api;
using RabbitMQ.Client;

namespace Paas.Services.Tests;

/// <summary>
/// Everything is killed at random while much is under way. The seed that decides the order is printed and can be
/// given, as <c>CHAOS_SEED</c>, and how long it goes on, as <c>CHAOS_SECONDS</c>.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int Apps = 60;
    private const string Ended = "('Succeeded', 'Failed', 'Faulted', 'Canceled', 'Superseded')";

    /// <summary>Where the table goes besides the test's own output, which is shown only if the test fails.</summary>
    private static readonly string Report = Path.Combine(BuiltPrograms.RepositoryRoot, "artifacts", "chaos.txt");

    [Fact]
    public async Task Whatever_is_killed_no_push_is_lost_and_nothing_happens_twice()
    {
        Assert.SkipUnless(Cluster.IsPossible, "RabbitMQ or PostgreSQL is not installed here.");
        var seed = Setting("CHAOS_SEED", Random.Shared.Next(1_000_000));
        var time = TimeSpan.FromSeconds(Setting("CHAOS_SECONDS", 150));
        output.WriteLine($"CHAOS_SEED={seed}");
        await using var cluster = await Cluster.StartAsync(
            new() { ["gateway"] = 2, ["orchestrator"] = 2, ["code-downloader"] = 2, ["image-builder"] = 2, ["image-publisher"] = 2 },
            Redeliveries("00:00:01", "00:00:02", "00:00:05", "00:00:10", "00:00:20", "00:00:40"));
        using var pushes = new Pushes(cluster);
        await pushes.CreateAppsAsync(Apps);

        using var enough = new CancellationTokenSource();
        var pushing = pushes.KeepUnderWayAsync(enough.Token);
        await PlatformClient.UntilAsync(async () => await CountAsync(cluster, $"deployments WHERE current_state NOT IN {Ended}") > Apps / 2, "much was under way");
        var chaos = new Chaos(cluster, new Random(seed));
        await chaos.RunAsync(time);
        await enough.CancelAsync();
        await pushing;
        var replays = await LetEverythingEndAsync(cluster);

        var lost = await FindLostAsync(cluster, pushes);
        var doubled = await FindDoubledAsync(cluster);
        var faultedTries = await CountAsync(cluster, "log_batches WHERE text LIKE '%(try %'");
        var attempts = await CountAsync(cluster, "deployments, json_array_elements(steps::json) AS record(value) WHERE (record.value->>'attempt')::int > 1");
        var table = $"""
            Chaos: seed {seed}, {time.TotalSeconds:0} s, {pushes.Accepted.Count} pushes to {Apps} apps
              killed
            {chaos}
              tries that met a fault      {faultedTries,6}
              further attempts of a step  {attempts,6}
              replays by the operator     {replays,6}
              ended by themselves         {cluster.Services.Sum(service => service.Restarts),6}
              lost                        {lost.Count,6}
              doubled                     {doubled.Count,6}
            """;
        output.WriteLine(table);
        await File.WriteAllTextAsync(Report, table + "\n");

        lost.ShouldBeEmpty(cluster.Output);
        doubled.ShouldBeEmpty(cluster.Output);
        (await CountAsync(cluster, "deployments WHERE current_state NOT IN ('Succeeded', 'Superseded')")).ShouldBe(0, string.Join('\n', await cluster.RowsAsync(
            "SELECT app_name, current_state, step, failure_message FROM deployments WHERE current_state NOT IN ('Succeeded', 'Superseded')")));
        // A newer push may have gone live while a faulted deployment waited for its replay.
        (await CountAsync(cluster, "deployments WHERE current_state = 'Superseded'")).ShouldBeLessThanOrEqualTo(replays);
        await PlatformClient.UntilAsync(async () => await CountAsync(cluster, "outbox_messages") == 0, "the outbox was empty");
        foreach (var queue in Queues)
            await PlatformClient.UntilAsync(async () => await cluster.Broker.CountAsync(queue) == 0, $"{queue} was empty");
    }

    private static IEnumerable<string> Queues =>
    [
        "download-code", "validate-configuration", "build-image", "publish-image", "deploy-release", "resolve-url",
        "deployment", "push-received", "append-log", "confirm-step", "switch-route", "remove-app",
    ];

    /// <summary>Waits for the end of every deployment; what has faulted is replayed, as an operator would after an outage.</summary>
    /// <returns>How many were replayed.</returns>
    private static async Task<int> LetEverythingEndAsync(Cluster cluster)
    {
        var replayed = 0;
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var open = await CountAsync(cluster, $"deployments WHERE current_state NOT IN {Ended}") + await CountAsync(cluster, "deliveries WHERE decision = 'Pending'");
            if (open == 0 && await CountAsync(cluster, "deployments WHERE current_state = 'Faulted'") == 0)
                return replayed;
            if (open == 0)
            {
                using var response = await cluster.Http.PostAsJsonAsync("/v1/admin/faults/replay", new ReplayManyRequest());
                replayed += (await response.Content.ReadFromJsonAsync<ReplayManyResponse>())!.Replayed;
            }

            if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromMinutes(4))
            {
                var left = await cluster.RowsAsync($"SELECT correlation_id, app_name, current_state, step, attempt, deadline FROM deployments WHERE current_state NOT IN {Ended}");
                var queues = await Task.WhenAll(Queues.Select(cluster.Broker.FindAsync));
                var states = queues.OfType<QueueDeclareOk>().Select(queue => $"{queue.QueueName}: {queue.MessageCount} ready, {queue.ConsumerCount} consumers");
                throw new TimeoutException($"{open} deployments did not end:\n{string.Join('\n', [.. left, .. states])}\n{cluster.Output}");
            }

            await Task.Delay(500);
        }
    }

    /// <summary>Accepted pushes that did not lead to exactly one deployment.</summary>
    private static async Task<List<AcceptedPush>> FindLostAsync(Cluster cluster, Pushes pushes)
    {
        var deployed = (await cluster.RowsAsync("SELECT app_name, commit, count(*) FROM deployments GROUP BY app_name, commit")).ToHashSet();
        return [.. pushes.Accepted.Where(push => !deployed.Contains($"{push.App} {push.Commit} 1"))];
    }

    /// <summary>Whatever has an effect more than once for one deployment.</summary>
    private static async Task<List<string>> FindDoubledAsync(Cluster cluster) =>
    [
        .. await cluster.RowsAsync("SELECT 'releases', deployment_id, count(*) FROM releases GROUP BY deployment_id HAVING count(*) > 1"),
        .. await cluster.RowsAsync("SELECT 'live', deployment_id, count(*) FROM log_batches WHERE text LIKE '%v% is live' GROUP BY deployment_id HAVING count(*) > 1"),
        .. await cluster.RowsAsync("SELECT 'deliveries', app_id, delivery_id, count(*) FROM deliveries GROUP BY app_id, delivery_id HAVING count(*) > 1"),
        .. await cluster.RowsAsync("""
            SELECT 'unreleased', d.correlation_id FROM deployments d LEFT JOIN releases r ON r.deployment_id = d.correlation_id AND r.state IN ('Live', 'Retired')
            WHERE d.current_state = 'Succeeded' AND r.version IS NULL
            """),
        .. await cluster.RowsAsync("SELECT 'both live', environment_id, count(*) FROM releases WHERE state = 'Live' GROUP BY environment_id HAVING count(*) > 1"),
        .. await cluster.RowsAsync("""
            SELECT 'routed elsewhere', e.id FROM environments e JOIN routes r ON r.app_id = e.app_id WHERE r.release <> e.live_release
            """),
    ];

    private static Task<long> CountAsync(Cluster cluster, string what) => cluster.QueryAsync<long>($"SELECT count(*) FROM {what}");

    private static Dictionary<string, string> Redeliveries(params string[] delays) => new[]
    {
        "DownloadCode", "ValidateConfiguration", "BuildImage", "PublishImage", "DeployRelease", "ResolveUrl",
    }.SelectMany(step => delays.Select((delay, i) => (Name: $"Steps__{step}__Redelivery__{i}", Value: delay))).ToDictionary(setting => setting.Name, setting => setting.Value);

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
