using System.CommandLine;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Servers;
using Spectre.Console;

namespace Paas.Bench.Pipeline;

/// <summary>From a commit to the first answer of its container: the platform next to a bare shell pipeline.</summary>
internal static class PipelineBenchmark
{
    private static readonly string[] Cases = ["cold", "one file changed", "nothing changed", "rollback"];

    public static Command Command()
    {
        var rounds = new Option<int>("--rounds") { Description = "Pairs of each case.", DefaultValueFactory = _ => 7 };
        var command = new Command("pipeline", "Fetch, build, push, run and the first answer, next to a bare shell pipeline.") { rounds };
        command.SetAction(parsed => RunAsync(parsed.GetValue(rounds)));
        return command;
    }

    private static async Task<int> RunAsync(int rounds)
    {
        if (!DockerEngine.IsInstalled || !RegistryServer.IsInstalled)
            throw new BenchmarkException("This benchmark starts its own Docker Engine and registry, as root. Install them (on Debian: apt-get install docker.io iptables busybox-static docker-registry apache2-utils curl).");
        await using var backends = await Backends.StartAsync();
        AnsiConsole.WriteLine(await backends.DescribeAsync());
        await using var engine = await DockerEngine.StartNewAsync();
        await using var registry = await RegistryServer.StartNewAsync();
        await engine.ImportBusyBoxAsync();
        await using var platform = await Platform.StartAsync(backends, engine, registry);
        var shell = new ShellPipeline(engine, registry, backends.Folder);

        var pairs = Cases.ToDictionary(name => name, _ => new List<(double Ours, double Bare)>());
        // The first round is for the compilers and the page cache, and not counted.
        for (var round = 0; round <= rounds; round++)
        {
            var measured = await MeasureAsync($"app-{round}", round, platform, shell, engine);
            foreach (var (name, pair) in Cases.Zip(measured).Where(_ => round > 0))
                pairs[name].Add(pair);
        }

        Show(pairs, rounds);
        return 0;
    }

    /// <summary>One pair of each case; who goes first alternates.</summary>
    private static async Task<List<(double Ours, double Bare)>> MeasureAsync(string name, int round, Platform platform, ShellPipeline shell, DockerEngine engine)
    {
        var pairs = new List<(double, double)>();
        using var repository = NewRepository($"{name} one");
        var first = repository.Head;
        var app = await platform.CreateAppAsync(name, repository, target: Target.Docker);

        var release = 0;
        pairs.Add(await PairAsync(round, async () =>
        {
            await engine.DockerAsync("builder", "prune", "--all", "--force");
            (var time, release) = await platform.PushAsync(app, repository, $"{name} one");
            return time;
        }, () => shell.ColdAsync(name, repository, $"{name} one")));

        repository.Commit(("index.html", $"{name} two"));
        pairs.Add(await PairAsync(round, async () => (await platform.PushAsync(app, repository, $"{name} two")).Time, () => shell.DeployAsync(name, repository, $"{name} two")));
        pairs.Add(await PairAsync(round, () => platform.DeployAgainAsync(app, repository), () => shell.DeployAsync(name, repository, $"{name} two")));
        pairs.Add(await PairAsync(round, () => platform.GoBackAsync(app, release, $"{name} one"), () => shell.GoBackAsync(name, first, $"{name} one")));
        return pairs;
    }

    private static async Task<(double Ours, double Bare)> PairAsync(int round, Func<Task<double>> ours, Func<Task<double>> bare)
    {
        if (round % 2 == 0)
            return (await ours(), await bare());
        var first = await bare();
        return (await ours(), first);
    }

    /// <summary>A layer that the code does not touch, and the code.</summary>
    private static Repository NewRepository(string text) => new(
        ("Dockerfile", """
            FROM busybox
            COPY packages.txt /packages/
            RUN cat /packages/packages.txt > /packages/installed && head -c 5000000 /dev/zero > /packages/data
            WORKDIR /www
            COPY index.html .
            USER 1000
            CMD ["sh", "-c", "exec httpd -f -p $PORT -h /www"]
            """),
        ("packages.txt", text), ("index.html", text));

    private static void Show(Dictionary<string, List<(double Ours, double Bare)>> pairs, int rounds)
    {
        var table = new Table().AddColumns("", "platform, ms", "bare pipeline, ms", "ratio", "ratios");
        table.Caption = new TableTitle($"medians of {rounds} pairs, taken in turn");
        foreach (var (name, times) in pairs)
        {
            var ratios = times.Select(pair => pair.Ours / pair.Bare).ToList();
            table.AddRow(
                name, $"{times.Select(pair => pair.Ours).Median():0}", $"{times.Select(pair => pair.Bare).Median():0}",
                $"{ratios.Median():0.00}", $"{ratios.Min():0.00} to {ratios.Max():0.00}");
        }

        AnsiConsole.Write(table);
    }
}
