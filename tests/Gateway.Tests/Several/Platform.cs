using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Gateway.Router;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Persistence;

namespace Paas.Gateway.Tests.Several;

/// <summary>What several gateways share, and a bus that is used as the deployer uses its own.</summary>
public sealed class Platform : IAsyncDisposable
{
    public const string Token = "the operator's token of these tests";
    private readonly string _name;
    private readonly Uri _broker;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-gateways-");
    private readonly ConcurrentBag<IAsyncDisposable> _started = [];
    private IHost _deployer = null!;

    private Platform(SharedServers servers, string name, Uri broker) => (Servers, _name, _broker) = (servers, name, broker);

    public SharedServers Servers { get; }

    /// <summary>The messages that an orchestrator would have got: the id of each, and of its delivery.</summary>
    public ConcurrentQueue<(Guid MessageId, Guid DeliveryId)> Pushes { get; } = [];

    public static async Task<Platform> StartAsync(SharedServers servers, string name, Uri broker)
    {
        var platform = new Platform(servers, name, broker);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(platform.Settings());
        builder.Services.AddPaasBus(builder.Configuration, _ => { });
        platform._deployer = builder.Build();
        await platform._deployer.StartAsync();
        await platform._deployer.Services.GetRequiredService<BusReadiness>().WaitAsync(CancellationToken.None);
        return platform;
    }

    /// <summary>A gateway as its own program starts it.</summary>
    public async Task<SharedGateway> StartGatewayAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(Settings());
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(45));
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddPaasDatabase(builder.Configuration, callersWait: true);
        builder.Services.AddGateway(builder.Configuration);
        builder.Services.AddOperatorToken();
        builder.Services.AddSingleton(this);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddGateway();
            bus.AddOtherGateways();
            bus.AddConsumer<PushRecorder>().Endpoint(endpoint => endpoint.Name = Endpoints.PushQueue);
        });
        var app = builder.Build();
        app.UseGateway();
        app.MapPaasHealth();
        // Without a database it would wait for ever, and the test with it.
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await app.StartAsync(patience.Token);
        var gateway = new SharedGateway(app);
        _started.Add(gateway);
        return gateway;
    }

    /// <summary>Two gateways that know each other.</summary>
    public async Task<SharedGateway[]> StartTwoGatewaysAsync()
    {
        var gateways = await Task.WhenAll(StartGatewayAsync(), StartGatewayAsync());
        await UntilAsync(() => gateways.All(gateway => gateway.Others.Count == 1), "the gateways to know each other");
        return gateways;
    }

    public async Task<AppInstance> StartInstanceAsync(string answer, RequestDelegate? handle = null)
    {
        var instance = await AppInstance.StartAsync(handle ?? (context => context.Response.WriteAsync(answer)));
        _started.Add(instance);
        return instance;
    }

    public async Task<bool> SwitchAsync(Guid app, int release, TimeSpan drain, params AppInstance[] instances)
    {
        var client = _deployer.Services.GetRequiredService<IBus>().CreateRequestClient<SwitchRoute>(Endpoints.Route, RequestTimeout.After(m: 2));
        var answer = await client.GetResponse<RouteSwitched>(new SwitchRoute
        {
            AppId = app,
            App = "shop",
            Release = release,
            Instances = [.. instances.Select(instance => instance.Url)],
            DrainTimeout = drain,
        });
        return answer.Message.Accepted;
    }

    public async Task<T> WithDbAsync<T>(Func<PaasDbContext, Task<T>> work)
    {
        await using var db = new PaasDbContext(
            new DbContextOptionsBuilder<PaasDbContext>().UseNpgsql(Servers.Postgres.ConnectionString(_name)).Options);
        return await work(db);
    }

    public Task<IReadOnlyList<string>> QueuesAsync() => Servers.QueuesAsync(_name);

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"Waited in vain for {what}.");
            await timer.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_started.Select(started => started.DisposeAsync().AsTask()));
        await _deployer.StopAsync();
        _deployer.Dispose();
        _folder.Delete(recursive: true);
    }

    private Dictionary<string, string?> Settings() => new()
    {
        ["Paas:DataDirectory"] = _folder.FullName,
        ["Paas:Domain"] = "apps.test",
        ["Gateway:RepositoryPatience"] = "00:00:00",
        ["Paas:AdminToken"] = Token,
        ["RabbitMq:Uri"] = _broker.ToString(),
        ["ConnectionStrings:Paas"] = Servers.Postgres.ConnectionString(_name, pooling: true),
    };

    private sealed class PushRecorder(Platform platform) : IConsumer<PushReceived>
    {
        public Task Consume(ConsumeContext<PushReceived> context)
        {
            platform.Pushes.Enqueue((context.MessageId!.Value, context.Message.DeliveryId));
            return Task.CompletedTask;
        }
    }
}

public sealed class SharedGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private bool _isStopped;

    internal SharedGateway(WebApplication app)
    {
        _app = app;
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(app.Urls.First()),
            Timeout = TimeSpan.FromMinutes(2),
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Platform.Token) },
        };
    }

    public HttpClient Client { get; }

    internal OtherGateways Others => _app.Services.GetRequiredService<OtherGateways>();

    public async Task<Guid> CreateAppAsync(string name = "shop")
    {
        using var answer = await Client.PostAsJsonAsync(
            "/v1/apps", new { name, repository = "https://github.com/acme/shop", webhookSecret = GatewayHost.Secret });
        ((int)answer.StatusCode).ShouldBe(201, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<Contracts.Api.AppResponse>())!.Id;
    }

    public Task<HttpResponseMessage> DeliverAsync(string id, CancellationToken cancellation = default) => Client.SendAsync(Delivery(id), cancellation);

    public static HttpRequestMessage Delivery(string id)
    {
        var body = Encoding.UTF8.GetBytes(GatewayHost.Payload());
        var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/github/shop") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-GitHub-Event", "push");
        request.Headers.Add("X-GitHub-Delivery", id);
        request.Headers.Add("X-Hub-Signature-256", GatewayHost.Sign(body));
        return request;
    }

    /// <summary>What a visitor of the app gets: the status, and the text.</summary>
    public async Task<(int Status, string Text)> VisitAsync(string path = "/")
    {
        using var request = Visit(path);
        using var answer = await Client.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public static HttpRequestMessage Visit(string path = "/") => new(HttpMethod.Get, path) { Headers = { Host = "shop.apps.test" } };

    public async Task StopAsync()
    {
        _isStopped = true;
        await _app.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isStopped)
            await StopAsync();
        await _app.DisposeAsync();
        Client.Dispose();
    }
}

/// <summary>One instance of an app.</summary>
public sealed class AppInstance(WebApplication app) : IAsyncDisposable
{
    public string Url { get; } = app.Urls.First();

    public static async Task<AppInstance> StartAsync(RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(handle);
        await app.StartAsync();
        return new AppInstance(app);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
