using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Paas.Bench.Webhook;

/// <summary>What a run of the load came to.</summary>
/// <param name="Accepted">Answers that were not errors.</param>
/// <param name="Rate">Those per second.</param>
/// <param name="Median">Of the latency, in milliseconds.</param>
/// <param name="P99">Of the latency, in milliseconds.</param>
internal sealed record LoadResult(int Accepted, double Rate, double Median, double P99);

/// <summary>Sends pushes as fast as they are answered, with wrk.</summary>
internal sealed class Load(string pushes, int connections, int seconds)
{
    /// <summary>A body that has come before is stored no more than some times, so that of each push there is one.</summary>
    private const int Signed = 400_000;
    private int _sent;

    /// <summary>Writes a file with a line "app rest-of-the-body" for each app, then with the signatures of its numbered bodies.</summary>
    public static async Task<string> WritePushesAsync(string folder, IReadOnlyList<(string App, string Repository, string Secret)> apps)
    {
        var file = Path.Combine(folder, "pushes.txt");
        var bodies = apps.Select(app => JsonSerializer.Serialize(Push(app.Repository))[1..]).ToList();
        var signatures = new string[Signed];
        Parallel.For(0, Signed, i =>
        {
            var app = i % apps.Count;
            var body = string.Create(CultureInfo.InvariantCulture, $"{{\"number\":{i},{bodies[app]}");
            signatures[i] = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(apps[app].Secret), Encoding.UTF8.GetBytes(body)));
        });
        await File.WriteAllLinesAsync(file, apps.Select((app, i) => $"{app.App} {bodies[i]}").Concat(signatures));
        return file;
    }

    public async Task<LoadResult> RunAsync(string url, string mark)
    {
        var first = _sent.ToString(CultureInfo.InvariantCulture);
        var script = Path.Combine(AppContext.BaseDirectory, "Webhook", "pushes.lua");
        var info = new ProcessStartInfo("wrk", ["-t1", $"-c{connections}", $"-d{seconds}s", "--timeout", "20s", "-s", script, url, "--", mark, pushes, first])
        {
            RedirectStandardOutput = true,
        };
        using var wrk = Process.Start(info)!;
        var output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        var result = output.Split('\n').FirstOrDefault(line => line.StartsWith("RESULT ", StringComparison.Ordinal))
            ?? throw new BenchmarkException($"wrk gave no result:{Environment.NewLine}{output}");
        var numbers = result.Split(' ').Skip(1).Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToList();
        var (requests, microseconds, errors) = (numbers[0], numbers[1], numbers[4]);
        _sent += (int)requests + connections;
        if (_sent > Signed)
            throw new BenchmarkException($"{_sent} pushes were sent, and {Signed} are signed. Measure for a shorter time.");
        return errors > 0
            ? throw new BenchmarkException($"{errors} of {requests} pushes were not accepted; the numbers would mean nothing.")
            : new LoadResult((int)requests, requests / microseconds * 1_000_000, numbers[2] / 1_000, numbers[3] / 1_000);
    }

    /// <summary>As long as GitHub's usually are: about 8 KB, most of it of no interest.</summary>
    private static object Push(string repository) => new
    {
        @ref = "refs/heads/main",
        before = new string('1', 40),
        after = new string('2', 40),
        deleted = false,
        repository = new
        {
            id = 1,
            full_name = "acme/shop",
            clone_url = repository,
            owner = Enumerable.Range(0, 40).ToDictionary(i => $"property_{i}", i => $"https://api.github.example/users/acme/{i}"),
            urls = Enumerable.Range(0, 60).ToDictionary(i => $"url_{i}", i => $"https://api.github.example/repos/acme/shop/{i}"),
        },
        pusher = new { name = "ada", email = "ada@example.org" },
        head_commit = new { id = new string('2', 40), message = "Say hello in more languages", author = new { name = "Ada Lovelace", email = "ada@example.org" } },
        commits = Enumerable.Range(0, 3).Select(i => new { id = new string('3', 40), message = $"Part {i}", modified = $"app{i}.py" }),
        sender = Enumerable.Range(0, 20).ToDictionary(i => $"property_{i}", i => $"https://api.github.example/users/ada/{i}"),
    };
}
