using System.CommandLine;
using System.Net.Http.Json;
using Paas.Bench.Pipeline;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Servers;
using Spectre.Console;

namespace Paas.Bench.Builds;

/// <summary>
/// How long a push takes while the same machine builds: a steady trickle of signed pushes to the gateway of a whole
/// platform, in turns with nothing to build, with two builds that never end, and with the same two in a control group
/// that the others go before.
/// </summary>
internal static class BuildsBenchmark
{
    private const int Builds = 2;

    // Of 1024, which every other process has.
    private const int LowWeight = 32;

    public static Command Command()
    {
        var rounds = new Option<int>("--rounds") { Description = "How often to repeat it.", DefaultValueFactory = _ => 5 };
        var seconds = new Option<int>("--seconds") { Description = "How long a round of each is.", DefaultValueFactory = _ => 10 };
        var rate = new Option<int>("--rate") { Description = "Pushes per second.", DefaultValueFactory = _ => 50 };
        var command = new Command("builds", "How long a push takes while two images are built.") { rounds, seconds, rate };
        command.SetAction(parsed => RunAsync(parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(rate)));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, TimeSpan time, int rate)
    {
        if (!DockerEngine.IsInstalled || !RegistryServer.IsInstalled)
            throw new BenchmarkException("This benchmark starts its own Docker Engine and registry, as root. Install them (on Debian: apt-get install docker.io iptables busybox-static docker-registry apache2-utils).");
        using var group = CpuGroup.Create();
        await using var backends = await Backends.StartAsync();
        AnsiConsole.WriteLine(await backends.DescribeAsync());
        var engine = new DockerEngine { CgroupParent = group.Name };
        await engine.InitializeAsync();
        await using var _ = engine;
        await engine.ImportBusyBoxAsync();
        await using var registry = await RegistryServer.StartNewAsync();
        await using var platform = await Platform.StartAsync(backends, engine, registry);
        using var trickle = await Trickle.PrepareAsync(platform, rate);
        var builders = new List<(AppResponse App, Repository Repository)>();
        for (var i = 0; i < Builds; i++)
        {
            var repository = new Repository(("README", "is built without end"));
            builders.Add((await platform.CreateAppAsync($"builder-{i}", repository, target: Target.Docker), repository));
        }

        // Once before it counts, so that all code has been compiled.
        await trickle.RunAsync(time);
        var measured = new List<Round>();
        for (var i = 0; i < rounds; i++)
        {
            var idle = await trickle.RunAsync(time);
            group.SetWeight(CpuGroup.Usual);
            var busy = await WhileBuildingAsync(platform, builders, () => trickle.RunAsync(time));
            group.SetWeight(LowWeight);
            measured.Add(new Round(idle, busy, await WhileBuildingAsync(platform, builders, () => trickle.RunAsync(time))));
        }

        builders.ForEach(builder => builder.Repository.Dispose());
        Show(measured, time, rate);
        return 0;
    }

    private static async Task<List<double>> WhileBuildingAsync(Platform platform, List<(AppResponse App, Repository Repository)> builders, Func<Task<List<double>>> run)
    {
        var deployments = new List<Guid>();
        foreach (var (app, repository) in builders)
        {
            // Processors and disk are busy, as with a compiler.
            repository.Commit(("Dockerfile", $"FROM busybox\nRUN while true; do head -c 20000000 /dev/urandom | gzip > /made; done # {Guid.NewGuid()}\n"));
            await platform.PushAcceptedAsync(app, repository);
            deployments.Add(await platform.DeploymentOfAsync(app.Name, repository.Head));
        }

        await AreBuildingAsync();
        var result = await run();
        await AreBuildingAsync();
        foreach (var deployment in deployments)
        {
            using var canceled = await platform.Http.PostAsync($"/v1/deployments/{deployment}/cancel", null);
            await platform.EndOfAsync(deployment);
        }

        return result;

        async Task AreBuildingAsync()
        {
            foreach (var deployment in deployments)
            {
                await PlatformClient.UntilAsync(
                    async () => (await platform.LogAsync(deployment)).Contains("[2/2] RUN while true", StringComparison.Ordinal), "the build had begun");
                var state = (await platform.Http.GetFromJsonAsync<DeploymentResponse>($"/v1/deployments/{deployment}"))!.State;
                if (state != DeploymentStates.BuildingImage)
                    throw new BenchmarkException($"A build that should not end is {state}.{Environment.NewLine}{platform.Output}");
            }
        }
    }

    private static void Show(List<Round> rounds, TimeSpan time, int rate)
    {
        AnsiConsole.WriteLine($"{rate} signed pushes per second, {rounds.Count} rounds of {time.TotalSeconds} s each, in turns; of all pushes together");
        var table = new Table().RoundedBorder().AddColumns("", "nothing is built", "two builds", "ratio", "two builds of low weight", "ratio");
        foreach (var column in table.Columns.Skip(1))
            column.RightAligned();
        foreach (var (name, percent) in new[] { ("p50, ms", 50), ("p99, ms", 99), ("slowest, ms", 100) })
        {
            var (idle, busy, low) = (Of(round => round.Idle), Of(round => round.Busy), Of(round => round.Low));
            table.AddRow(name, $"{idle:0.0}", $"{busy:0.0}", $"{busy / idle:0.0}", $"{low:0.0}", $"{low / idle:0.0}");

            double Of(Func<Round, List<double>> side) => rounds.SelectMany(side).Percentile(percent);
        }

        AnsiConsole.Write(table);
        AnsiConsole.WriteLine($"p99 to that of the same round with nothing to build: {Ratios(round => round.Busy)}; of low weight: {Ratios(round => round.Low)}");

        string Ratios(Func<Round, List<double>> side) => string.Join("  ", rounds.Select(round => $"{side(round).Percentile(99) / round.Idle.Percentile(99):0.0}"));
    }

    /// <summary>Milliseconds of every push.</summary>
    private sealed record Round(List<double> Idle, List<double> Busy, List<double> Low);
}
