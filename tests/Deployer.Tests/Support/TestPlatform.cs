using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Deployer.Targets.Local;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Tests.Support;

/// <summary>The deployer as it is in a platform, over an in-memory bus, with a data directory of its own.</summary>
internal sealed class TestPlatform : IAsyncDisposable
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });
    private readonly IHost _host;
    private readonly bool _ownsFolder;

    private TestPlatform(IHost host, string dataDirectory, bool ownsFolder)
    {
        _host = host;
        DataDirectory = dataDirectory;
        _ownsFolder = ownsFolder;
    }

    public string DataDirectory { get; }
    public Guid App { get; init; } = Guid.NewGuid();
    public TestLog Log { get; } = new();
    public IServiceProvider Services => _host.Services;
    public FakeRouter.State Router => _host.Services.GetRequiredService<FakeRouter.State>();
    public ConcurrentQueue<object> Events => _host.Services.GetRequiredService<EventRecorder.Events>().All;
    public ProcessOwner Owner => _host.Services.GetRequiredService<ProcessOwner>();
    public IArtifactStore Artifacts => _host.Services.GetRequiredService<IArtifactStore>();
    public string AppFolder => AppFolderOf(App);
    public string AppLog => ReadShared(Path.Combine(AppFolder, "app.log"));

    public static Task<TestPlatform> StartAsync(string? dataDirectory = null, Guid? app = null, params (string Name, string? Value)[] settings) =>
        StartAsync(dataDirectory, app, _ => { }, settings);

    public static async Task<TestPlatform> StartAsync(
        string? dataDirectory, Guid? app, Action<IServiceCollection> extend, params (string Name, string? Value)[] settings)
    {
        var folder = dataDirectory ?? Directory.CreateTempSubdirectory("paas-deployer-").FullName;
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => setting.Value));
        builder.Configuration.AddInMemoryCollection([new("Paas:DataDirectory", folder)]);
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddDeployer(builder.Configuration);
        extend(builder.Services);
        builder.Services.AddSingleton<FakeRouter.State>();
        builder.Services.AddSingleton<EventRecorder.Events>();
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddDeployer();
            bus.AddConsumer<FakeRouter, RouterDefinition>();
            bus.AddConsumer<ConfirmingSaga, ConfirmDefinition>();
            bus.AddConsumer<EventRecorder>();
            bus.AddConsumer<AppEventRecorder>().Endpoint(endpoint => endpoint.Name = Endpoints.AppEventQueue);
        });
        var platform = new TestPlatform(builder.Build(), folder, dataDirectory is null) { App = app ?? Guid.NewGuid() };
        await platform._host.StartAsync();
        return platform;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_ownsFolder)
            Directory.Delete(DataDirectory, recursive: true);
    }

    public async Task StopAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        Owner().KillLeftovers().ShouldBe(0, "nothing may stay behind");

        ProcessOwner Owner() => new(DataDirectory);
    }

    /// <summary>The processes of this platform's apps.</summary>
    public IReadOnlyList<int> Running() => [.. Owner.Find(null).Intersect(Processes())];

    /// <summary>A file in the working directory of a release.</summary>
    public string InSlug(int release, string file) => Path.Combine(AppFolder, "releases", $"v{release}", "slug", file);

    public string AppFolderOf(Guid app) => Path.Combine(DataDirectory, "local", app.ToString());

    public Task<string> PackAsync(params (string Name, string Content)[] files) => TestApp.PackAsync(Artifacts, files);

    public async Task<DeployRelease> WebAsync(int release, RunPlan? run = null) =>
        TestApp.Release(App, release, await PackAsync(("app.py", TestApp.Web)), run ?? TestApp.Python());

    public Task DeployAsync(DeployRelease command, CancellationToken cancellation = default) =>
        Services.GetRequiredService<ReleaseDeployer>().DeployAsync(command, Log, cancellation);

    public async Task<StepFailedException> FailAsync(DeployRelease command) =>
        await Should.ThrowAsync<StepFailedException>(() => DeployAsync(command));

    public async Task<JsonElement> AskAsync(string path = "/") =>
        await Http.GetFromJsonAsync<JsonElement>(new Uri(Router.InstanceOf(App), path));

    public Task<HttpResponseMessage> GetAsync(HttpRequestMessage request)
    {
        request.RequestUri = new Uri(Router.InstanceOf(App), request.RequestUri!);
        return Http.SendAsync(request);
    }

    public static Task UntilAsync(Func<bool> condition, string what, double seconds = 20) => UntilAsync(() => Task.FromResult(condition()), what, seconds);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, double seconds = 20)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed.TotalSeconds > seconds)
                throw new TimeoutException($"Waited {seconds} s until {what}.");
            await Task.Delay(20);
        }
    }

    /// <summary>Whether anything runs of an instance, which is known by its <c>PAAS_PROCESS</c>.</summary>
    public static bool IsAlive(string instance) => Processes().Any(process => EnvironmentOf(process).Contains($"PAAS_PROCESS={instance}"));

    /// <summary>The processes with these words in their command line, walls around them not counted.</summary>
    public static IReadOnlyList<int> Running(string commandLine) =>
        [.. Processes().Where(process => ReadShared($"/proc/{process}/cmdline").Replace('\0', ' ').Trim() == commandLine)];

    private static IEnumerable<int> Processes() => Directory.GetDirectories("/proc").Select(Path.GetFileName)
        .Select(name => int.TryParse(name, out var pid) ? pid : 0)
        .Where(pid => pid != 0 && ReadShared($"/proc/{pid}/stat").Split(')')[^1].TrimStart() is [not 'Z', ..] && ReadShared($"/proc/{pid}/comm").Trim() != "bwrap");

    private static string[] EnvironmentOf(int process) => ReadShared($"/proc/{process}/environ").Split('\0');

    private static string ReadShared(string path)
    {
        try
        {
            using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return file.ReadToEnd();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private sealed class ConfirmingSaga(FakeRouter.State state) : IConsumer<ConfirmStep>
    {
        public Task Consume(ConsumeContext<ConfirmStep> context) => context.RespondAsync(new StepConfirmation
        {
            DeploymentId = context.Message.DeploymentId,
            Wanted = state.IsWanted(Interlocked.Increment(ref state.Questions)),
        });
    }

    private sealed class RouterDefinition : ConsumerDefinition<FakeRouter>
    {
        public RouterDefinition() => EndpointName = Endpoints.RouteQueue;
    }

    private sealed class ConfirmDefinition : ConsumerDefinition<ConfirmingSaga>
    {
        public ConfirmDefinition() => EndpointName = Endpoints.ConfirmQueue;
    }
}

/// <summary>Keeps what is told for the history of apps.</summary>
internal sealed class AppEventRecorder(EventRecorder.Events events) : IConsumer<RecordAppEvent>
{
    public Task Consume(ConsumeContext<RecordAppEvent> context)
    {
        events.All.Enqueue(context.Message);
        return Task.CompletedTask;
    }
}

/// <summary>Keeps what the steps tell the saga.</summary>
internal sealed class EventRecorder(EventRecorder.Events events) :
    IConsumer<ReleaseDeployed>, IConsumer<ReleaseDeployFailed>, IConsumer<UrlResolved>, IConsumer<UrlResolutionFailed>, IConsumer<StepStopped>
{
    public sealed class Events
    {
        public ConcurrentQueue<object> All { get; } = new();
    }

    public Task Consume(ConsumeContext<ReleaseDeployed> context) => Keep(context.Message);

    public Task Consume(ConsumeContext<ReleaseDeployFailed> context) => Keep(context.Message);

    public Task Consume(ConsumeContext<UrlResolved> context) => Keep(context.Message);

    public Task Consume(ConsumeContext<UrlResolutionFailed> context) => Keep(context.Message);

    public Task Consume(ConsumeContext<StepStopped> context) => Keep(context.Message);

    private Task Keep(object message)
    {
        events.All.Enqueue(message);
        return Task.CompletedTask;
    }
}
