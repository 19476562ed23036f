using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;
using Paas.Servers;

namespace Paas.Deployer.Tests.Docker;

/// <summary>A platform whose apps are containers of a private engine, made of one image with a shell.</summary>
internal sealed class DockerPlatform : IAsyncDisposable
{
    public const string Missing = "Docker is not installed here, or this is not root.";
    public const double Patience = 90;
    private const string Image = "busybox:latest";
    private readonly DockerEngine _engine;

    private DockerPlatform(TestPlatform platform, DockerEngine engine, string image)
    {
        (Platform, _engine, ImageId) = (platform, engine, image);
    }

    public TestPlatform Platform { get; }
    public string ImageId { get; }
    public Guid App => Platform.App;
    public FakeRouter.State Router => Platform.Router;
    public string Log => Platform.Log.Text;

    public static Task<DockerPlatform> StartAsync(DockerEngine engine, params (string, string?)[] settings) => StartAsync(engine, null, null, settings);

    public static async Task<DockerPlatform> StartAsync(DockerEngine engine, string? folder, Guid? app, params (string, string?)[] settings)
    {
        if ((await engine.DockerAsync("images", "-q", Image)).Length == 0)
            await engine.ImportBusyBoxAsync(Image);
        var id = await IdOfAsync(engine, Image);
        return new(await TestPlatform.StartAsync(folder, app, [.. settings, ("Docker:Endpoint", engine.Endpoint), ("Deployer:StopGrace", "00:00:03")]), engine, id);
    }

    public static async Task<string> IdOfAsync(DockerEngine engine, string image) =>
        (await engine.DockerAsync("image", "inspect", "--format", "{{.Id}}", image)).Trim();

    /// <summary>Shows its release, and a file it was told the content of.</summary>
    public static ProcessType Web(int scale = 1, string before = "true") => Process(ProcessType.Web,
        $"mkdir -p /tmp/www; echo $PAAS_RELEASE > /tmp/www/index.html; {before}; exec httpd -f -p $PORT -h /tmp/www", scale);

    public static ProcessType Process(string name, string script, int scale = 1) => new() { Name = name, Command = TestApp.Command("sh", "-c", script), Scale = scale };

    public static RunPlan Plan(double timeout, params ProcessType[] processes) => new()
    {
        Runtime = RuntimeName.Docker,
        Processes = processes,
        Health = new HealthCheck { Path = "/", Timeout = TimeSpan.FromSeconds(timeout) },
    };

    public static RunPlan Plan(params ProcessType[] processes) => Plan(Patience, processes);

    public DeployRelease Release(int release, RunPlan run, string? image = null) =>
        TestApp.Release(App, release, image ?? ImageId, run) with { Target = Target.Docker };

    public Task DeployAsync(DeployRelease command, CancellationToken cancellation = default) => Platform.DeployAsync(command, cancellation);

    public Task DeployAsync(int release, RunPlan run) => DeployAsync(Release(release, run));

    public Task<StepFailedException> FailAsync(int release, RunPlan run) => Platform.FailAsync(Release(release, run));

    public Task RemoveAsync() => Platform.Services.GetRequiredService<ReleaseDeployer>()
        .RemoveAsync(new RemoveApp { AppId = App, App = "shop", Target = Target.Docker }, CancellationToken.None);

    public async Task<string> AskAsync(string path = "/")
    {
        using var answer = await Platform.GetAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative)));
        return (await answer.Content.ReadAsStringAsync()).Trim();
    }

    /// <summary>The names of the app's containers, whether they run or not.</summary>
    public async Task<string[]> ContainersAsync() =>
        [.. (await _engine.DockerAsync("ps", "-a", "--filter", $"label=io.paas.app={App}", "--format", "{{.Names}}"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

    public async Task<JsonElement> InspectAsync(string container) =>
        JsonDocument.Parse(await _engine.DockerAsync("inspect", container)).RootElement[0];

    public async ValueTask DisposeAsync()
    {
        await Platform.DisposeAsync();
        if (!_engine.IsRunning)
            return;
        // The next test finds none of this one's containers.
        foreach (var container in await ContainersAsync())
            await _engine.DockerAsync("rm", "-f", "-v", container);
    }
}
