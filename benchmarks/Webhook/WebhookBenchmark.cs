using System.CommandLine;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Npgsql;
using Paas.Contracts.Api;
using Paas.Hosting.Messaging;
using RabbitMQ.Client;
using Spectre.Console;

namespace Paas.Bench.Webhook;

/// <summary>
/// Signed pushes to the real gateway, in a process of its own, over RabbitMQ and PostgreSQL; in turns with the same
/// load on an endpoint that does nothing but insert one row.
/// </summary>
internal static class WebhookBenchmark
{
    private const int Apps = 100;

    public static Command Command()
    {
        var rounds = new Option<int>("--rounds") { Description = "How often to repeat it.", DefaultValueFactory = _ => 5 };
        var seconds = new Option<int>("--seconds") { Description = "How long a round of each is.", DefaultValueFactory = _ => 5 };
        var connections = new Option<int>("--connections") { Description = "Pushes under way at a time.", DefaultValueFactory = _ => 16 };
        var hostile = new Option<bool>("--hostile") { Description = "Signed pings instead, while strangers send the worst they can." };
        var command = new Command("webhook", "Accepted pushes per second, and how long each takes.") { rounds, seconds, connections, hostile };
        command.SetAction(parsed => parsed.GetValue(hostile)
            ? HostileBenchmark.RunAsync(parsed.GetValue(rounds), parsed.GetValue(seconds))
            : RunAsync(parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(connections)));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, int seconds, int connections)
    {
        await using var backends = await Backends.StartAsync();
        AnsiConsole.WriteLine(await backends.DescribeAsync());
        await using var gateway = await ServiceProcess.StartAsync("Gateway", backends.Settings);
        await using var bare = await ServiceProcess.StartSelfAsync(BareEndpoint.Name, backends.Settings);
        var load = new Load(await Load.WritePushesAsync(backends.Folder, await CreateAppsAsync(gateway.Url, Apps)), connections, seconds);
        await using var database = NpgsqlDataSource.Create(backends.ConnectionString);

        // Once before it counts, so that all code has been compiled.
        await load.RunAsync(bare.Url, "warm");
        await load.RunAsync(gateway.Url, "warm");
        await DrainAsync(backends, database);
        var measured = new List<Round>();
        for (var i = 0; i < rounds; i++)
        {
            var anchor = await WithCpuAsync(bare, backends, () => load.RunAsync(bare.Url, $"bare{i}"));
            var before = await CountAsync(database, "deliveries");
            var accepted = await WithCpuAsync(gateway, backends, () => load.RunAsync(gateway.Url, $"round{i}"));
            // What was still under way when the load ended is stored as well, but not among the answers.
            var stored = await CountAsync(database, "deliveries") - before;
            if (stored < accepted.Load.Accepted)
                throw new BenchmarkException($"{accepted.Load.Accepted} pushes were accepted but {stored} are stored.");
            measured.Add(new Round(anchor, accepted, await DrainAsync(backends, database)));
        }

        Show(measured, seconds, connections);
        return 0;
    }

    public static async Task<List<(string App, string Repository, string Secret)>> CreateAppsAsync(string gateway, int count)
    {
        using var http = new HttpClient { BaseAddress = new Uri(gateway) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Backends.AdminToken);
        var apps = new List<(string, string, string)>();
        for (var i = 0; i < count; i++)
        {
            var app = new CreateAppRequest
            {
                Name = $"shop-{i}",
                Repository = $"https://github.example/acme/shop-{i}.git",
                WebhookSecret = $"the-webhook-secret-of-app-{i}",
            };
            using var response = await http.PostAsJsonAsync("/v1/apps", app);
            if (!response.IsSuccessStatusCode)
                throw new BenchmarkException($"The app could not be made: {await response.Content.ReadAsStringAsync()}");
            apps.Add((app.Name, app.Repository, app.WebhookSecret));
        }

        return apps;
    }

    private static async Task<Side> WithCpuAsync(ServiceProcess endpoint, Backends backends, Func<Task<LoadResult>> run)
    {
        int[] processes = [endpoint.Id, backends.Database.ProcessId, backends.Broker.ProcessId];
        var before = processes.Select(ProcessUsage.Cpu).ToList();
        var result = await run();
        return new Side(result, processes.Select((process, i) => (ProcessUsage.Cpu(process) - before[i]) / result.Accepted).ToList());
    }

    /// <summary>Waits until all messages have been sent, and removes them from the queue nobody reads.</summary>
    /// <returns>How long that took, in seconds.</returns>
    private static async Task<double> DrainAsync(Backends backends, NpgsqlDataSource database)
    {
        var begun = Stopwatch.StartNew();
        while (await CountAsync(database, "outbox_messages") > 0)
            await Task.Delay(20);
        var took = begun.Elapsed.TotalSeconds;
        await using var connection = await new ConnectionFactory { Uri = backends.Broker.Uri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueuePurgeAsync(Endpoints.PushQueue);
        return took;
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database, string table)
    {
        await using var command = database.CreateCommand($"SELECT count(*) FROM {table}");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static void Show(List<Round> rounds, int seconds, int connections)
    {
        AnsiConsole.WriteLine($"Signed pushes over {connections} connections, {rounds.Count} rounds of {seconds} s each, in turns; medians");
        var table = new Table().RoundedBorder().AddColumn("").AddColumn("gateway").AddColumn("bare endpoint").AddColumn("ratio").AddColumn("ratio of each round");
        foreach (var column in table.Columns.Skip(1).Take(3))
            column.RightAligned();
        Add("accepted per second", side => side.Load.Rate, "0");
        Add("p50, ms", side => side.Load.Median, "0.0");
        Add("p99, ms", side => side.Load.P99, "0.0");
        Add("CPU of the endpoint, ms each", side => side.Cpu[0], "0.00");
        Add("CPU of PostgreSQL, ms each", side => side.Cpu[1], "0.00");
        Add("CPU of RabbitMQ, ms each", side => side.Cpu[2], "0.00");
        table.AddRow("until all was sent to the broker, s", $"{rounds.Select(round => round.Drained).Median():0.0}", "", "", "");
        AnsiConsole.Write(table);

        void Add(string name, Func<Side, double> value, string format)
        {
            var ratios = rounds.Select(round => value(round.Gateway) / value(round.Bare)).ToList();
            var isRatio = ratios.TrueForAll(double.IsFinite);
            table.AddRow(
                name, rounds.Select(round => value(round.Gateway)).Median().ToString(format), rounds.Select(round => value(round.Bare)).Median().ToString(format),
                isRatio ? ratios.Median().ToString("0.00") : "", isRatio ? string.Join("  ", ratios.Select(ratio => ratio.ToString("0.00"))) : "");
        }
    }

    /// <param name="Load">What was answered.</param>
    /// <param name="Cpu">Milliseconds per push: of the endpoint, PostgreSQL, RabbitMQ.</param>
    private sealed record Side(LoadResult Load, IReadOnlyList<double> Cpu);

    private sealed record Round(Side Bare, Side Gateway, double Drained);
}
