using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Gateway.Access;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Persistence;

namespace Paas.Gateway.Tests;

/// <summary>A gateway as it is: Kestrel on a free port, SQLite in a folder of its own, a bus in memory.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    public const string Secret = "a secret of some length";
    private readonly WebApplication _app;
    private readonly bool _ownsFolder;

    private GatewayHost(WebApplication app, DirectoryInfo folder, bool ownsFolder, Received received)
    {
        (_app, Folder, _ownsFolder, Received) = (app, folder, ownsFolder, received);
        Url = new Uri(app.Urls.First());
        Client = NewClient();
    }

    public DirectoryInfo Folder { get; }
    public Uri Url { get; }
    public HttpClient Client { get; }
    internal Received Received { get; }
    public IServiceProvider Services => _app.Services;
    public string Token { get; private set; } = "";

    public static async Task<GatewayHost> StartAsync(
        Dictionary<string, string?>? settings = null, DirectoryInfo? folder = null, Action<IServiceCollection>? services = null,
        Action<IBusRegistrationConfigurator>? consumers = null)
    {
        var ownsFolder = folder is null;
        folder ??= Directory.CreateTempSubdirectory("paas-gateway-");
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Paas:DataDirectory"] = folder.FullName,
            ["Paas:Domain"] = "apps.test",
            ["Gateway:RepositoryPatience"] = "00:00:00", // no code-downloader would answer
        });
        builder.Configuration.AddInMemoryCollection(settings);
        var received = new Received();
        builder.Services.AddSingleton(received);
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddPaasPersistence(builder.Configuration);
        builder.Services.AddGateway(builder.Configuration);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddGateway();
            bus.AddConsumer<Recorder>();
            bus.AddConsumer<RemoveAppRecorder>().Endpoint(endpoint => endpoint.Name = Endpoints.RemoveAppQueue);
            consumers?.Invoke(bus);
        });
        services?.Invoke(builder.Services);
        var app = builder.Build();
        string? token;
        await using (var scope = app.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<PaasDbContext>().Database.MigrateAsync();
            token = await scope.ServiceProvider.GetRequiredService<AdminTokens>().EnsureAsync(CancellationToken.None);
        }

        app.UseGateway();
        app.MapPaasHealth();
        await app.StartAsync();
        var host = new GatewayHost(app, folder, ownsFolder, received) { Token = token ?? "" };
        host.Client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return host;
    }

    public HttpClient NewClient() => new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = Url };

    public async Task<T> WithDbAsync<T>(Func<PaasDbContext, Task<T>> work)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<PaasDbContext>());
    }

    public Task WithDbAsync(Func<PaasDbContext, Task> work) => WithDbAsync(async db =>
    {
        await work(db);
        return await db.SaveChangesAsync();
    });

    public async Task CreateAppAsync(string name, string repository = "https://github.com/acme/shop", string secret = Secret)
    {
        var answer = await Client.PostAsJsonAsync("/v1/apps", new { name, repository, webhookSecret = secret });
        ((int)answer.StatusCode).ShouldBe(201, await answer.Content.ReadAsStringAsync());
    }

    private static int _pushes;

    public static string Payload(
        string @ref = "refs/heads/main", string? after = null, bool deleted = false, string repository = "https://github.com/acme/shop", string message = "Sell") =>
        new JsonObject
        {
            ["ref"] = @ref,
            ["before"] = new string('0', 40),
            ["number"] = Interlocked.Increment(ref _pushes), // no two pushes have the same payload
            ["after"] = after ?? new string('a', 40),
            ["deleted"] = deleted,
            ["repository"] = new JsonObject { ["full_name"] = "acme/shop", ["clone_url"] = repository + ".git", ["owner"] = new JsonObject { ["url"] = "https://x.test" } },
            ["pusher"] = new JsonObject { ["name"] = "ada" },
            ["head_commit"] = deleted ? null : new JsonObject { ["id"] = after ?? new string('a', 40), ["message"] = message },
            ["commits"] = new JsonArray(new JsonObject { ["id"] = "1", ["message"] = "ref" }),
        }.ToJsonString();

    public static string Sign(byte[] body, string secret = Secret) =>
        "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));

    public Task<HttpResponseMessage> DeliverAsync(
        string payload, string path = "/webhooks/github", string secret = Secret, string? id = null, string @event = "push", string type = "application/json",
        Action<HttpRequestMessage>? change = null) =>
        DeliverAsync(Encoding.UTF8.GetBytes(payload), path, secret, id, @event, type, change);

    public async Task<HttpResponseMessage> DeliverAsync(
        byte[] body, string path = "/webhooks/github", string secret = Secret, string? id = null, string @event = "push", string type = "application/json",
        Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.Add("X-GitHub-Event", @event);
        request.Headers.Add("X-GitHub-Delivery", id ?? Guid.NewGuid().ToString());
        request.Headers.Add("X-Hub-Signature-256", Sign(body, secret));
        change?.Invoke(request);
        return await Client.SendAsync(request);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(25));
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"Waited in vain for {what}.");
            await timer.WaitForNextTickAsync();
        }
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (_ownsFolder)
            Folder.Delete(recursive: true);
    }
}

/// <summary>The messages that came out of the gateway.</summary>
internal sealed class Received
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<object> _messages = new();

    public void Add(object message) => _messages.Enqueue(message);

    public List<T> Of<T>() => [.. _messages.OfType<T>()];

    public async Task<T> OneAsync<T>(Func<T, bool>? which = null)
    {
        await GatewayHost.UntilAsync(() => Task.FromResult(Of<T>().Any(which ?? (_ => true))), typeof(T).Name);
        return Of<T>().Single(which ?? (_ => true));
    }
}

internal sealed class Recorder(Received received) :
    IConsumer<PushReceived>, IConsumer<DeploymentRequested>, IConsumer<CancelDeployment>, IConsumer<ReplayDeployment>,
    IConsumer<DiscardDeployment>
{
    public Task Consume(ConsumeContext<PushReceived> context) => AddAsync(context.Message);
    public Task Consume(ConsumeContext<DeploymentRequested> context) => AddAsync(context.Message);
    public Task Consume(ConsumeContext<CancelDeployment> context) => AddAsync(context.Message);
    public Task Consume(ConsumeContext<ReplayDeployment> context) => AddAsync(context.Message);
    public Task Consume(ConsumeContext<DiscardDeployment> context) => AddAsync(context.Message);

    private Task AddAsync(object message)
    {
        received.Add(message);
        return Task.CompletedTask;
    }
}

internal sealed class RemoveAppRecorder(Received received) : IConsumer<RemoveApp>
{
    public Task Consume(ConsumeContext<RemoveApp> context)
    {
        received.Add(context.Message);
        return Task.CompletedTask;
    }
}
