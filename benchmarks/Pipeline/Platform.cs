using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Servers;

namespace Paas.Bench.Pipeline;

/// <summary>The platform, with every service a process of its own, over HTTP only.</summary>
internal sealed class Platform : PlatformClient, IAsyncDisposable
{
    private static readonly string[] Projects =
        ["Gateway", "Orchestrator", "CodeDownloader", "ConfigurationValidator", "ImageBuilder", "ImagePublisher", "Deployer"];

    private readonly List<ServiceProcess> _services = [];

    public override string Output => string.Join(Environment.NewLine, _services.Select(service => service.LastWords()));

    public static async Task<Platform> StartAsync(Backends backends, DockerEngine engine, RegistryServer registry)
    {
        var platform = new Platform();
        var settings = new Dictionary<string, string>(backends.Settings)
        {
            ["Docker__Endpoint"] = engine.Endpoint,
            ["Registry__Url"] = registry.Url.ToString(),
            ["Registry__Username"] = RegistryServer.Username,
            ["Registry__Password"] = RegistryServer.Password,
        };
        foreach (var project in Projects)
        {
            platform._services.Add(await ServiceProcess.StartAsync(project, settings));
            settings.TryAdd("Router__Address", platform._services[0].Url);
        }

        platform.Http = new HttpClient { BaseAddress = new Uri(platform._services[0].Url) };
        platform.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Backends.AdminToken);
        return platform;
    }

    /// <summary>From the push to the first answer of the pushed commit.</summary>
    /// <returns>Milliseconds, and the number of the release.</returns>
    public async Task<(double Time, int Release)> PushAsync(AppResponse app, Repository repository, string expected)
    {
        var begun = Stopwatch.StartNew();
        await PushAcceptedAsync(app, repository);
        var time = await AnsweredAsync(app.Name, expected, begun);
        return (time, await SettledAsync(await DeploymentOfAsync(app.Name, repository.Head)));
    }

    /// <summary>Deploys the live commit again: to its end, since the answer stays the same.</summary>
    public async Task<double> DeployAgainAsync(AppResponse app, Repository repository)
    {
        var begun = Stopwatch.StartNew();
        using var response = await Http.PostAsJsonAsync($"/v1/apps/{app.Name}/deployments", new { commit = repository.Head });
        var deployment = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<DeploymentResponse>();
        var ended = await EndedAsync(deployment!.Id);
        var time = begun.Elapsed.TotalMilliseconds;
        return ended.State == DeploymentStates.Succeeded ? time : throw new BenchmarkException($"The platform did not deploy again: {ended.Failure?.Message}");
    }

    public async Task<double> GoBackAsync(AppResponse app, int release, string expected)
    {
        var begun = Stopwatch.StartNew();
        using var response = await Http.PostAsync($"/v1/apps/{app.Name}/releases/v{release}/rollback", null);
        var deployment = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<DeploymentResponse>();
        var time = await AnsweredAsync(app.Name, expected, begun);
        await SettledAsync(deployment!.Id);
        return time;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        foreach (var service in Enumerable.Reverse(_services))
            await service.DisposeAsync();
    }

    private async Task<double> AnsweredAsync(string app, string expected, Stopwatch begun)
    {
        while (await GetAppAsync(app) is not (HttpStatusCode.OK, { } body) || body != expected)
        {
            if (begun.Elapsed > Patience)
                throw new BenchmarkException($"{app} did not answer '{expected}' in {Patience}.{Environment.NewLine}{Output}");
            await Task.Delay(20);
        }

        return begun.Elapsed.TotalMilliseconds;
    }

    /// <summary>The next measurement begins when nothing is left of this one.</summary>
    private async Task<int> SettledAsync(Guid deployment) => (await EndedAsync(deployment)).Release ?? 0;

    private async Task<DeploymentResponse> EndedAsync(Guid deployment)
    {
        var begun = Stopwatch.StartNew();
        while (begun.Elapsed < Patience)
        {
            var found = await Http.GetFromJsonAsync<DeploymentResponse>($"/v1/deployments/{deployment}");
            if (DeploymentStates.IsFinal(found!.State))
                return found;
            await Task.Delay(10);
        }

        throw new BenchmarkException($"The deployment {deployment} did not end in {Patience}.{Environment.NewLine}{Output}");
    }
}
