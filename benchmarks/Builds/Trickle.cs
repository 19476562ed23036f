using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using Paas.Bench.Pipeline;
using Paas.Bench.Webhook;
using Paas.Contracts.Api;

namespace Paas.Bench.Builds;

/// <summary>
/// Pushes at a steady rate, however long each takes, to a branch that is not deployed: all that is measured is that they
/// are taken.
/// </summary>
internal sealed class Trickle : IDisposable
{
    private const int Apps = 20;
    private readonly HttpClient _http;
    private readonly string[][] _pushes;
    private readonly TimeSpan _interval;
    private int _sent;

    private Trickle(Uri gateway, string[][] pushes, int rate) =>
        (_http, _pushes, _interval) = (new HttpClient { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(30) }, pushes, TimeSpan.FromSeconds(1) / rate);

    public static async Task<Trickle> PrepareAsync(Platform platform, int rate)
    {
        var apps = new List<(string, string, string)>();
        for (var i = 0; i < Apps; i++)
        {
            var app = new CreateAppRequest
            {
                Name = $"shop-{i}",
                Repository = $"https://github.example/acme/shop-{i}.git",
                Branch = "released",
                WebhookSecret = $"the-webhook-secret-of-app-{i}",
            };
            using var response = await platform.Http.PostAsJsonAsync("/v1/apps", app);
            if (!response.IsSuccessStatusCode)
                throw new BenchmarkException($"The app could not be made: {await response.Content.ReadAsStringAsync()}");
            apps.Add((app.Name, app.Repository, app.WebhookSecret));
        }

        var folder = Directory.CreateTempSubdirectory("paas-bench-pushes-");
        try
        {
            var lines = await File.ReadAllLinesAsync(await Load.WritePushesAsync(folder.FullName, apps));
            return new Trickle(platform.Http.BaseAddress!, [.. lines.Select(line => line.Split(' ', 3))], rate);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <returns>Milliseconds of each push, from the time at which it was due: one that had to wait to be sent has waited.</returns>
    public async Task<List<double>> RunAsync(TimeSpan time)
    {
        var begun = Stopwatch.GetTimestamp();
        var pushes = new List<Task<double>>();
        for (var due = TimeSpan.Zero; due < time; due += _interval)
        {
            var early = due - Stopwatch.GetElapsedTime(begun);
            if (early > TimeSpan.Zero)
                await Task.Delay(early);
            pushes.Add(SendAsync(begun, due));
        }

        return [.. await Task.WhenAll(pushes)];
    }

    public void Dispose() => _http.Dispose();

    private async Task<double> SendAsync(long begun, TimeSpan due)
    {
        var push = _pushes[_sent++ % _pushes.Length];
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/github/{push[0]}") { Content = new StringContent(push[2], Encoding.UTF8, "application/json") };
        request.Headers.Add("X-GitHub-Event", "push");
        request.Headers.Add("X-GitHub-Delivery", Guid.NewGuid().ToString());
        request.Headers.Add("X-Hub-Signature-256", push[1]);
        using var response = await _http.SendAsync(request);
        return response.StatusCode == System.Net.HttpStatusCode.Accepted
            ? (Stopwatch.GetElapsedTime(begun) - due).TotalMilliseconds
            : throw new BenchmarkException($"A push got {(int)response.StatusCode}; the numbers would mean nothing.");
    }
}
