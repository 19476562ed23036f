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
    /// <summary>Writes a file with one signed push for each app.</summary>
    public static async Task<string> WritePushesAsync(string folder, IEnumerable<(string App, string Repository, string Secret)> apps)
    {
        var file = Path.Combine(folder, "pushes.txt");
        await File.WriteAllLinesAsync(file, apps.Select(app =>
        {
            var body = JsonSerializer.Serialize(Push(app.Repository));
            var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(app.Secret), Encoding.UTF8.GetBytes(body));
            return $"{app.App} sha256={Convert.ToHexStringLower(signature)} {body}";
        }));
        return file;
    }

    public async Task<LoadResult> RunAsync(string url, string mark)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Webhook", "pushes.lua");
        var info = new ProcessStartInfo("wrk", ["-t1", $"-c{connections}", $"-d{seconds}s", "--timeout", "20s", "-s", script, url, "--", mark, pushes])
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
