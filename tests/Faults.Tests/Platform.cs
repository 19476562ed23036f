using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Paas.CodeDownloader;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Orchestrator;
using Paas.Persistence;
using Paas.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Paas.Faults.Tests;

/// <summary>Gateway, orchestrator and workers on a real RabbitMQ and a real PostgreSQL, used through the API alone.</summary>
internal sealed class Platform : IAsyncDisposable
{
    private const string Token = "paas_of-the-tests-0123456789";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly DirectoryInfo _folder;
    private readonly bool _hasOwnFolder;
    private readonly RealServers _servers;
    private readonly bool _fetches;
    private readonly WebApplication _app;

    private Platform(RealServers servers, Platform? beside, bool fetches, (string Name, string Value)[] settings)
    {
        _servers = servers;
        _fetches = fetches;
        _hasOwnFolder = beside is null;
        _folder = beside?._folder ?? Directory.CreateTempSubdirectory("paas-faults-");
        Database = beside?.Database ?? "faults_" + Guid.NewGuid().ToString("N");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft", LogLevel.Error).AddFilter("MassTransit", LogLevel.Critical);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Paas:DataDirectory"] = _folder.FullName,
            ["Paas:AdminToken"] = Token,
            ["RabbitMq:Uri"] = servers.Broker.Uri.ToString(),
            ["ConnectionStrings:Paas"] = servers.Postgres.ConnectionString(Database, pooling: true),
            ["Gateway:RepositoryPatience"] = fetches ? "00:00:30" : "00:00:00",
            ["Faults:Interval"] = "00:00:01",
            ["Faults:Delay"] = "00:00:00.2",
            ["Faults:MissingAfter"] = "00:00:03",
            ["Faults:UnheardAfter"] = "00:00:03",
        });
        foreach (var step in Step.InOrder)
        {
            builder.Configuration[$"Steps:{step}:ImmediateRetries"] = "1";
            builder.Configuration[$"Steps:{step}:Redelivery:0"] = "00:00:00.3";
        }

        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, string? (setting) => setting.Value));
        builder.Services.AddSingleton(Workers);
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddPaasDatabase(builder.Configuration);
        builder.Services.AddOrchestrator(builder.Configuration);
        builder.Services.AddGateway(builder.Configuration);
        if (fetches)
            builder.Services.AddCodeDownloader(builder.Configuration);
        builder.Services.AddOperatorToken();
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddGateway();
            bus.AddOrchestrator();
            if (fetches)
                bus.AddCodeDownloader();
            Tests.Workers.AddTo(bus, fetches);
        });
        _app = builder.Build();
        _app.UseGateway();
    }

    public string Database { get; }
    public Workers Workers { get; } = new();
    public HttpClient Client { get; private set; } = null!;
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Task<Platform> StartAsync(RealServers servers, params (string Name, string Value)[] settings) => StartAsync(servers, null, fetches: false, settings);

    /// <summary>One that fetches sources with the real code-downloader.</summary>
    public static Task<Platform> StartFetchingAsync(RealServers servers) => StartAsync(servers, null, fetches: true, Fetching);

    /// <summary>Another of each service, next to those that are there.</summary>
    public Task<Platform> StartAnotherAsync() => StartAsync(_servers, this, _fetches, _fetches ? Fetching : []);

    private static (string Name, string Value)[] Fetching => [("Source:AllowFile", "true"), ("CodeDownloader:HeadPatience", "00:00:00")];

    private static async Task<Platform> StartAsync(RealServers servers, Platform? beside, bool fetches, (string Name, string Value)[] settings)
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled && PostgresServer.IsInstalled, "RabbitMQ or PostgreSQL is not installed here.");
        var platform = new Platform(servers, beside, fetches, settings);
        await platform._app.StartAsync(Cancellation);
        platform.Client = new HttpClient { BaseAddress = new Uri(platform._app.Urls.First()) };
        platform.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        await UntilAsync(async () => await servers.Broker.CountAsync(DeadQueues.OfStep(Step.InOrder[^1])) is not null, () => "the error queues are there");
        return platform;
    }

    public async Task CreateAppAsync(string name, string repository = "https://git.example/acme/hello") =>
        await PostAsync<AppResponse>("/v1/apps", new { name, repository, policy = ConcurrencyPolicy.Queue });

    public async Task<Guid> DeployAsync(string app) =>
        (await PostAsync<DeploymentResponse>($"/v1/apps/{app}/deployments", new { commit = Guid.NewGuid().ToString("N") + "00000000" })).Id;

    public Task<DeploymentResponse> GetAsync(Guid deployment) => GetAsync<DeploymentResponse>($"/v1/deployments/{deployment}");

    public async Task<T> GetAsync<T>(string path) => (await Client.GetFromJsonAsync<T>(path, Cancellation))!;

    public async Task<T> PostAsync<T>(string path, object? body = null)
    {
        using var answer = await SendAsync(path, body);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync(Cancellation));
        return (await answer.Content.ReadFromJsonAsync<T>(Cancellation))!;
    }

    public Task<HttpResponseMessage> SendAsync(string path, object? body = null) => Client.PostAsync(path, body is null ? null : JsonContent.Create(body), Cancellation);

    public Task<DeploymentResponse> WaitForAsync(Guid deployment, string state) => WaitForAsync(deployment, found => found.State == state, state);

    public async Task<DeploymentResponse> WaitForAsync(Guid deployment, Func<DeploymentResponse, bool> condition, string what)
    {
        DeploymentResponse? last = null;
        await UntilAsync(async () => condition(last = await GetAsync(deployment)), () => $"the deployment is {what}; it is {last?.State} in {last?.Step}: {last?.Failure?.Message}");
        return last!;
    }

    /// <summary>Deploys an app whose build faults.</summary>
    public async Task<Guid> FaultAsync(string app, string step = Step.BuildImage, Func<Exception>? fault = null)
    {
        Workers.Break(step, fault ?? (() => new IOException("The engine is away.")));
        var id = await DeployAsync(app);
        await WaitForAsync(id, DeploymentStates.Faulted);
        await UntilAsync(async () => (await ReadAsync(DeadQueues.OfStep(step))).Any(message => message.Body.Contains(id.ToString(), StringComparison.Ordinal)), () => "its message is dead");
        return id;
    }

    public Task<int> CountReleasesAsync(string app) => CountAsync<ReleaseResponse>($"/v1/apps/{app}/releases");

    public async Task<IReadOnlyList<OperatorActionResponse>> ActionsAsync(Guid deployment) =>
        await GetAsync<IReadOnlyList<OperatorActionResponse>>($"/v1/deployments/{deployment}/actions");

    /// <summary>Waits until a queue has so many messages, and keeps them: for an instant they may be away, being looked at.</summary>
    public async Task UntilCountAsync(string queue, int count)
    {
        uint? last = null;
        var seen = 0;
        await UntilAsync(
            async () =>
            {
                last = await _servers.Broker.CountAsync(queue);
                seen = (last ?? 0) == count ? seen + 1 : 0;
                return seen == 4;
            },
            () => $"{queue} has {count} messages; it has {last}");
    }

    /// <summary>What lies in a queue, as its management UI shows it: without taking it out.</summary>
    public async Task<IReadOnlyList<RawMessage>> ReadAsync(string queue)
    {
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        var messages = new List<RawMessage>();
        try
        {
            while (await channel.BasicGetAsync(queue, autoAck: false, Cancellation) is { } message)
                messages.Add(new RawMessage(message.BasicProperties, Encoding.UTF8.GetString(message.Body.Span)));
        }
        catch (OperationInterruptedException)
        {
            // There is no such queue.
        }

        return messages;
    }

    /// <summary>Takes everything out of a queue by hand.</summary>
    public async Task<IReadOnlyList<RawMessage>> TakeAsync(string queue)
    {
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        var messages = new List<RawMessage>();
        while (await channel.BasicGetAsync(queue, autoAck: true, Cancellation) is { } message)
            messages.Add(new RawMessage(message.BasicProperties, Encoding.UTF8.GetString(message.Body.Span)));
        return messages;
    }

    /// <summary>Puts a message into a queue by hand.</summary>
    public async Task PutAsync(string queue, RawMessage message)
    {
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Cancellation);
        await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties(message.Properties), Encoding.UTF8.GetBytes(message.Body), Cancellation);
    }

    /// <summary>Puts a message as a sender of another version would write it.</summary>
    public Task PutAsync(string queue, string type, object message, Guid? id = null) => PutAsync(queue, Envelope(type, message, id));

    public static RawMessage Envelope(string type, object message, Guid? id = null) => new(
        new BasicProperties { ContentType = "application/vnd.masstransit+json", Persistent = true },
        new JsonObject
        {
            ["messageId"] = id ?? Guid.NewGuid(),
            ["messageType"] = new JsonArray($"urn:message:Paas.Contracts:{type}"),
            ["message"] = JsonSerializer.SerializeToNode(message, JsonSerializerOptions.Web),
            ["sentTime"] = DateTime.UtcNow,
        }.ToJsonString());

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!await condition())
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException("It never came to pass that " + what());
            await Task.Delay(100, Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        Client.Dispose();
        await PurgeAsync();
        if (_hasOwnFolder)
            _folder.Delete(recursive: true);
    }

    // The next test finds the broker as this one did.
    private async Task PurgeAsync()
    {
        await using var connection = await ConnectAsync();
        foreach (var queue in DeadQueues.All.Concat(Step.InOrder.Select(Endpoints.QueueFor)).Append(Endpoints.DeploymentQueue))
        {
            await using var channel = await connection.CreateChannelAsync();
            try
            {
                await channel.QueuePurgeAsync(queue);
            }
            catch (OperationInterruptedException)
            {
                // There is no such queue.
            }
        }
    }

    private async Task<int> CountAsync<T>(string path) => (await GetAsync<Page<T>>(path)).Items.Count;

    private Task<IConnection> ConnectAsync() => new ConnectionFactory { Uri = _servers.Broker.Uri }.CreateConnectionAsync();
}

internal sealed record RawMessage(IReadOnlyBasicProperties Properties, string Body);
