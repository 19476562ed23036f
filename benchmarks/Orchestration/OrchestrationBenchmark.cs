using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;

namespace Paas.Bench.Orchestration;

/// <summary>
/// Deployments through the real orchestrator, in a process of its own, and six steps that do nothing, in another, over
/// RabbitMQ and PostgreSQL; next to the same number of bare messages.
/// </summary>
internal static class OrchestrationBenchmark
{
    /// <summary>The request, and for each of the six steps its command, its log and its event.</summary>
    private const int MessagesPerDeployment = 1 + (6 * 3);

    private const int WarmUp = 300;

    public static Command Command()
    {
        var deployments = new Option<int>("--deployments") { Description = "Deployments in a round.", DefaultValueFactory = _ => 1_000 };
        var rounds = new Option<int>("--rounds") { Description = "How often to repeat it.", DefaultValueFactory = _ => 3 };
        var idle = new Option<int>("--idle") { Description = "Deployments that are measured one at a time.", DefaultValueFactory = _ => 50 };
        var command = new Command("orchestration", "Deployments per second, CPU per deployment, and how long a single one takes.") { deployments, rounds, idle };
        command.SetAction(parsed => RunAsync(parsed.GetValue(deployments), parsed.GetValue(rounds), parsed.GetValue(idle)));
        return command;
    }

    private static async Task<int> RunAsync(int deployments, int rounds, int idle)
    {
        await using var backends = await Backends.StartAsync();
        AnsiConsole.WriteLine(await backends.DescribeAsync());
        await using var orchestrator = await ServiceProcess.StartAsync("Orchestrator", backends.Settings);
        await using var workers = await ServiceProcess.StartSelfAsync(NoOpWorkers.Name, backends.Settings);
        await using var requests = await Requests.StartAsync(backends, Math.Max(deployments, WarmUp));
        await DeployAsync(requests, WarmUp);
        await requests.LogsAreStoredAsync();
        await RawMessages.RunAsync(backends.Broker.Uri, WarmUp * MessagesPerDeployment);

        (string Name, int Id)[] processes =
        [
            ("orchestrator", orchestrator.Id), ("workers", workers.Id), ("RabbitMQ", backends.Broker.ProcessId), ("PostgreSQL", backends.Database.ProcessId),
        ];
        var measured = new List<Round>();
        for (var i = 0; i < rounds; i++)
        {
            var broker = ProcessUsage.Cpu(backends.Broker.ProcessId);
            var raw = await RawMessages.RunAsync(backends.Broker.Uri, deployments * MessagesPerDeployment);
            broker = (ProcessUsage.Cpu(backends.Broker.ProcessId) - broker) / deployments;
            var before = processes.Select(process => ProcessUsage.Cpu(process.Id)).ToList();
            var transactions = await requests.CountTransactionsAsync();
            var rate = await DeployAsync(requests, deployments);
            // The logs are part of the work, though nobody waits for them.
            await requests.LogsAreStoredAsync();
            transactions = await requests.CountTransactionsAsync() - transactions;
            var cpu = processes.Select((process, k) => (ProcessUsage.Cpu(process.Id) - before[k]) / deployments).ToList();
            measured.Add(new Round(rate, raw, broker, cpu, (double)transactions / deployments));
        }

        Show(measured, deployments, processes.Select(process => process.Name));
        if (idle > 0)
            await MeasureIdleAsync(requests, idle);
        return 0;
    }

    /// <returns>Deployments per second, from the first request until the last has succeeded.</returns>
    private static async Task<double> DeployAsync(Requests requests, int count)
    {
        var stored = await requests.StoreAsync(count);
        var begun = Stopwatch.StartNew();
        await requests.SendAsync(stored);
        await requests.AllSucceedAsync(TimeSpan.FromMilliseconds(100));
        return count / begun.Elapsed.TotalSeconds;
    }

    private static void Show(List<Round> rounds, int deployments, IEnumerable<string> processes)
    {
        AnsiConsole.WriteLine($"{deployments} no-op deployments of as many apps, {MessagesPerDeployment} messages each, {rounds.Count} rounds in turns");
        var table = new Table().RoundedBorder()
            .AddColumn("").AddColumn(new TableColumn("median").RightAligned()).AddColumn("rounds");
        Add("deployments/s", round => round.Rate, "0.0");
        Add("bare messages/s, confirmed and consumed", round => round.Raw, "0");
        Add("  as deployments/s", round => round.Raw / MessagesPerDeployment, "0.0");
        Add("ratio", round => round.Rate / (round.Raw / MessagesPerDeployment), "0.000");
        table.AddEmptyRow();
        foreach (var (index, process) in processes.Index())
            Add($"CPU per deployment, {process}, ms", round => round.Cpu[index], "0.0");
        Add("CPU per deployment, all, ms", round => round.Cpu.Sum(), "0.0");
        Add($"CPU of RabbitMQ for {MessagesPerDeployment} bare messages, ms", round => round.RawBroker, "0.0");
        Add("transactions per deployment", round => round.Transactions, "0.0");
        AnsiConsole.Write(table);

        void Add(string name, Func<Round, double> value, string format) => table.AddRow(
            name, rounds.Select(value).Median().ToString(format), string.Join("  ", rounds.Select(round => value(round).ToString(format))));
    }

    private static async Task MeasureIdleAsync(Requests requests, int count)
    {
        var took = new List<double>();
        foreach (var id in await requests.StoreAsync(count))
        {
            var begun = Stopwatch.StartNew();
            await requests.SendAsync([id]);
            await requests.SucceedsAsync(id, TimeSpan.FromMilliseconds(1));
            took.Add(begun.Elapsed.TotalMilliseconds);
        }

        AnsiConsole.WriteLine($"One deployment at a time, {count} times");
        AnsiConsole.Write(new Table().RoundedBorder()
            .AddColumns("", "ms")
            .AddRow("median", $"{took.Median():0.0}").AddRow("p99", $"{took.Percentile(99):0.0}").AddRow("fastest", $"{took.Min():0.0}"));
    }

    /// <param name="Rate">Deployments per second.</param>
    /// <param name="Raw">Bare messages per second.</param>
    /// <param name="RawBroker">Milliseconds of the broker's CPU, for as many bare messages as a deployment needs.</param>
    /// <param name="Cpu">Milliseconds per deployment, of each process.</param>
    /// <param name="Transactions">Per deployment.</param>
    private sealed record Round(double Rate, double Raw, double RawBroker, IReadOnlyList<double> Cpu, double Transactions);
}
