using System.CommandLine;
using System.Diagnostics;
using System.Net.Http.Headers;
using Spectre.Console;

namespace Paas.Bench.Idle;

/// <summary>What the services, and the standalone platform, need while nothing happens: memory, and CPU.</summary>
internal static class IdleBenchmark
{
    private static readonly string[] Services =
        ["Gateway", "Orchestrator", "CodeDownloader", "ConfigurationValidator", "ImageBuilder", "ImagePublisher", "Deployer"];

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    public static Command Command()
    {
        var seconds = new Option<int>("--seconds") { Description = "How long to look.", DefaultValueFactory = _ => 60 };
        var apps = new Option<int>("--apps") { Description = "Apps in the full database.", DefaultValueFactory = _ => 10_000 };
        var deployments = new Option<int>("--deployments") { Description = "Deployments in it.", DefaultValueFactory = _ => 100_000 };
        var command = new Command("idle", "Memory and CPU at rest, with an empty database and a full one, and what lists cost then.") { seconds, apps, deployments };
        command.SetAction(parsed => RunAsync(TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(apps), parsed.GetValue(deployments)));
        return command;
    }

    private static async Task<int> RunAsync(TimeSpan time, int apps, int deployments)
    {
        await using var backends = await Backends.StartAsync();
        AnsiConsole.WriteLine(await backends.DescribeAsync());
        var standalone = Directory.CreateTempSubdirectory("paas-bench-standalone-");
        var settings = new Dictionary<string, string>
        {
            ["Paas__DataDirectory"] = standalone.FullName,
            ["Paas__AdminToken"] = Backends.AdminToken,
        };
        try
        {
            var (services, _) = await MeasureAsync(Services, backends.Settings, time, lists: false);
            var (alone, _) = await MeasureAsync(["Standalone"], settings, time, lists: false);
            await FullDatabase.FillAsync(backends.Settings, apps, deployments);
            await FullDatabase.FillAsync(settings, apps, deployments);
            var (fullServices, serviceLists) = await MeasureAsync(Services, backends.Settings, time, lists: true);
            var (fullAlone, aloneLists) = await MeasureAsync(["Standalone"], settings, time, lists: true);
            Show([.. services, .. alone], [.. fullServices, .. fullAlone], time, apps, deployments);
            ShowLists([.. serviceLists, .. aloneLists]);
        }
        finally
        {
            standalone.Delete(recursive: true);
        }

        return 0;
    }

    /// <summary>Starts services, leaves them alone, and looks how they are.</summary>
    private static async Task<(List<AtRest> Processes, List<ListTime> Lists)> MeasureAsync(
        string[] services, IReadOnlyDictionary<string, string> settings, TimeSpan time, bool lists)
    {
        var started = new List<ServiceProcess>();
        try
        {
            foreach (var service in services)
                started.Add(await ServiceProcess.StartAsync(service, settings));
            await Task.Delay(Settling);
            var before = started.Select(process => ProcessUsage.Cpu(process.Id)).ToList();
            await Task.Delay(time);
            var processes = started.Select((process, i) =>
            {
                var (resident, proportional) = ProcessUsage.Memory(process.Id);
                return new AtRest(
                    process.Name, resident, proportional, ProcessUsage.Threads(process.Id), (ProcessUsage.Cpu(process.Id) - before[i]) / time.TotalSeconds);
            }).ToList();
            return (processes, lists ? await ListAsync(started[0]) : []);
        }
        finally
        {
            foreach (var process in started)
                await process.DisposeAsync();
        }
    }

    private static async Task<List<ListTime>> ListAsync(ServiceProcess gateway)
    {
        const int Times = 50;
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Url), Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Backends.AdminToken);
        var result = new List<ListTime>();
        foreach (var path in new[] { "/v1/apps", "/v1/apps/app-0", "/v1/deployments", "/v1/apps/app-0/deployments", "/v1/apps/app-0/releases", "/v1/deliveries", "/v1/apps/app-0/deliveries", "/v1/admin/faults" })
        {
            var took = new List<double>();
            for (var i = 0; i < Times; i++)
            {
                var begun = Stopwatch.StartNew();
                using var response = await http.GetAsync(path);
                if (!response.IsSuccessStatusCode)
                    throw new BenchmarkException($"{gateway.Name} answered {path} with {(int)response.StatusCode}.");
                await response.Content.ReadAsByteArrayAsync();
                took.Add(begun.Elapsed.TotalMilliseconds);
            }

            result.Add(new ListTime(gateway.Name, path, took.Median(), took.Percentile(99)));
        }

        return result;
    }

    private static void Show(List<AtRest> empty, List<AtRest> full, TimeSpan time, int apps, int deployments)
    {
        AnsiConsole.WriteLine($"At rest for {time.TotalSeconds:0} s: with an empty database | with {apps} apps and {deployments} deployments");
        var table = new Table().RoundedBorder().AddColumn("").AddColumn("RSS, MB").AddColumn("PSS, MB").AddColumn("CPU, ms/s").AddColumn("threads");
        foreach (var column in table.Columns.Skip(1))
            column.RightAligned();
        for (var i = 0; i < empty.Count; i++)
        {
            if (i == empty.Count - 1)
                Add(AtRest.Sum("all services", empty[..^1]), AtRest.Sum("all services", full[..^1]));
            Add(empty[i], full[i]);
        }

        AnsiConsole.Write(table);

        void Add(AtRest before, AtRest after) => table.AddRow(
            before.Name, $"{Megabytes(before.Resident)} | {Megabytes(after.Resident)}", $"{Megabytes(before.Proportional)} | {Megabytes(after.Proportional)}",
            $"{before.Cpu:0.0} | {after.Cpu:0.0}", $"{before.Threads} | {after.Threads}");

        static string Megabytes(long bytes) => $"{bytes / 1e6:0}";
    }

    private static void ShowLists(List<ListTime> lists)
    {
        AnsiConsole.WriteLine("Lists of the full database, the first page");
        var table = new Table().RoundedBorder().AddColumns("", "services: median, ms", "p99", "standalone: median, ms", "p99");
        foreach (var list in lists.GroupBy(list => list.Path))
        {
            var (services, standalone) = (list.First(), list.Last());
            table.AddRow(list.Key, $"{services.Median:0.0}", $"{services.P99:0.0}", $"{standalone.Median:0.0}", $"{standalone.P99:0.0}");
        }

        AnsiConsole.Write(table);
    }

    private sealed record ListTime(string Process, string Path, double Median, double P99);

    /// <param name="Name">Of the process.</param>
    /// <param name="Resident">Bytes.</param>
    /// <param name="Proportional">Bytes, with what is shared counted in part.</param>
    /// <param name="Threads">How many.</param>
    /// <param name="Cpu">Milliseconds per second.</param>
    private sealed record AtRest(string Name, long Resident, long Proportional, int Threads, double Cpu)
    {
        public static AtRest Sum(string name, List<AtRest> all) => new(
            name, all.Sum(one => one.Resident), all.Sum(one => one.Proportional), all.Sum(one => one.Threads), all.Sum(one => one.Cpu));
    }
}
