using System.Net;
using System.Net.Http.Json;
using Paas.Contracts.Api;
using RabbitMQ.Client;

namespace Paas.Services.Tests;

/// <summary>Several of every service that allows it, on one broker and one database.</summary>
public sealed class TogetherTests : IAsyncLifetime
{
    private static readonly string[] StartOrder =
        ["deployer", "image-publisher", "image-builder", "configuration-validator", "code-downloader", "gateway", "orchestrator"];

    private Cluster _cluster = null!;

    /// <summary>On a fresh broker and an empty database, the workers before the orchestrators, which come last.</summary>
    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Cluster.IsPossible, "RabbitMQ or PostgreSQL is not installed here.");
        _cluster = await Cluster.CreateAsync(new() { ["gateway"] = 2, ["orchestrator"] = 2, ["code-downloader"] = 2, ["image-builder"] = 2, ["image-publisher"] = 2 });
    }

    [Fact]
    public async Task Started_in_any_order_they_deploy_what_was_pushed_before_the_orchestrators_came_and_restart_without_a_trace()
    {
        foreach (var name in StartOrder[..^1])
            Start(name);
        await PlatformClient.UntilAsync(IsGatewayReadyAsync, "a gateway was ready");
        using var repository = Repository.Static("pushed early");
        var app = await _cluster.CreateAppAsync("early", repository);
        await _cluster.PushAcceptedAsync(app, repository);
        Start("orchestrator");
        await _cluster.WaitUntilReadyAsync();

        var early = await _cluster.EndOfAsync(await _cluster.DeploymentOfAsync("early", repository.Head));
        early.State.ShouldBe(DeploymentStates.Succeeded, _cluster.Output);

        await TenSimultaneousPushesAsync();
        await RollingRestartAsync();
        await NoSecretInClearAsync();
    }

    private async Task TenSimultaneousPushesAsync()
    {
        using var repository = Repository.Static("none");
        var app = await _cluster.CreateAppAsync("busy", repository);
        // None of them gets so far that it has nothing to be superseded by.
        var deployer = _cluster.Service("deployer.1");
        (await deployer.StopAsync()).ShouldBe(0, deployer.Output);
        var commits = Enumerable.Range(0, 10).Select(i => repository.Commit(("index.html", $"number {i}"))).ToList();

        await Task.WhenAll(commits.Select(async commit =>
        {
            using var response = await _cluster.PushAsync(repository, app.WebhookSecret, commit);
            response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }));
        deployer.Start();
        foreach (var commit in commits)
            await _cluster.EndOfAsync(await _cluster.DeploymentOfAsync("busy", commit));

        // Which of the deliveries came last does not matter: it is the commit that the branch points to.
        (await _cluster.RowsAsync("SELECT commit FROM deployments WHERE app_name = 'busy' AND current_state = 'Succeeded'")).ShouldBe([repository.Head]);
        (await _cluster.RowsAsync("SELECT commit FROM deployments WHERE app_name = 'busy' AND current_state = 'Superseded'")).Count.ShouldBe(9);
    }

    /// <summary>Every service in turn, while deployments are under way.</summary>
    private async Task RollingRestartAsync()
    {
        using var repository = Repository.Python("'v'");
        var app = await _cluster.CreateAppAsync("rolling", repository);
        foreach (var service in _cluster.Services)
        {
            repository.Commit(("app.py", Repository.PythonApp($"'{service.Name}'")));
            await _cluster.PushAcceptedAsync(app, repository);
            var id = await _cluster.DeploymentOfAsync("rolling", repository.Head);
            (await service.StopAsync()).ShouldBe(0, service.Output);
            service.Start();
            var deployment = await _cluster.EndOfAsync(id);
            deployment.State.ShouldBe(DeploymentStates.Succeeded, $"while {service.Name} was restarted\n{await _cluster.LogAsync(id)}");
            deployment.Steps.ShouldAllBe(step => step.Attempt == 1);
            await _cluster.WaitUntilReadyAsync();
            (await _cluster.GetAppAsync("rolling")).Body.ShouldBe(service.Name);
        }
    }

    /// <summary>Neither in the database nor in any message: config vars, webhook secrets, repository tokens.</summary>
    private async Task NoSecretInClearAsync()
    {
        const string token = "planted-token-4711";
        const string value = "planted-value-0815";
        const string secret = "planted-secret-of-the-webhook";
        using var repository = Repository.Static("secret");
        using (var created = await _cluster.Http.PostAsJsonAsync("/v1/apps", new CreateAppRequest
        {
            Name = "secretive",
            Repository = repository.Url,
            RepositoryToken = token,
            WebhookSecret = secret,
        }))
            created.StatusCode.ShouldBe(HttpStatusCode.Created, await created.Content.ReadAsStringAsync());
        using (var changed = await _cluster.Http.PatchAsJsonAsync("/v1/apps/secretive/config-vars", new Dictionary<string, string?> { ["KEY"] = value }))
            changed.StatusCode.ShouldBe(HttpStatusCode.OK);

        // The commands that carry them stay in their queues: nobody takes them up.
        foreach (var worker in _cluster.Services.Where(service => service.Name.StartsWith("code-downloader", StringComparison.Ordinal)))
            (await worker.StopAsync()).ShouldBe(0);
        using (var pushed = await _cluster.PushAsync(repository, secret))
            pushed.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await PlatformClient.UntilAsync(async () => await _cluster.Broker.CountAsync("download-code") > 0, "a command waits");
        var inQueues = await ReadAsync("download-code");
        inQueues.ShouldContain("SealedRepositoryToken", Case.Insensitive);
        foreach (var worker in _cluster.Services.Where(service => service.Name.StartsWith("code-downloader", StringComparison.Ordinal)))
            worker.Start();

        (await _cluster.EndOfAsync(await _cluster.DeploymentOfAsync("secretive", repository.Head))).State.ShouldBe(DeploymentStates.Succeeded);
        var dump = await _cluster.DumpDatabaseAsync();
        dump.ShouldContain("secretive");
        foreach (var planted in new[] { token, value, secret })
        {
            dump.ShouldNotContain(planted);
            inQueues.ShouldNotContain(planted);
            _cluster.Output.ShouldNotContain(planted);
        }
    }

    /// <summary>What lies in a queue; it stays there.</summary>
    private async Task<string> ReadAsync(string queue)
    {
        await using var connection = await new ConnectionFactory { Uri = _cluster.Broker.Uri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var found = new List<string>();
        while (await channel.BasicGetAsync(queue, autoAck: false) is { } message)
            found.Add(System.Text.Encoding.UTF8.GetString(message.Body.Span));
        return string.Join('\n', found);
    }

    private void Start(string name)
    {
        foreach (var service in _cluster.Services.Where(service => service.Name.StartsWith(name + ".", StringComparison.Ordinal)))
            service.Start();
    }

    private async Task<bool> IsGatewayReadyAsync()
    {
        using var http = new HttpClient();
        try
        {
            using var response = await http.GetAsync(new Uri(_cluster.Gateways.First().Url, "/health/ready"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }
}
