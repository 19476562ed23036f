using System.Net;
using System.Net.Http.Json;
using Paas.Contracts.Api;
using Paas.Servers;

namespace Paas.Gateway.Tests.Several;

/// <summary>Two gateways behind a client that turns to the other one if a connection is refused.</summary>
[Collection(nameof(SharedServers))]
public sealed class RollingRestartTests(SharedServers servers) : IAsyncLifetime
{
    private readonly int[] _ports = [Ports.Free(), Ports.Free()];
    private readonly SharedGateway[] _gateways = new SharedGateway[2];
    private Platform _platform = null!;

    public async ValueTask InitializeAsync()
    {
        _platform = await servers.NewPlatformAsync();
        for (var i = 0; i < _gateways.Length; i++)
            _gateways[i] = await _platform.StartGatewayAsync(_ports[i]);
    }

    public ValueTask DisposeAsync() => _platform?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task Restarting_one_after_the_other_fails_no_request()
    {
        var app = await _gateways[0].CreateAppAsync();
        var instance = await _platform.StartInstanceAsync("serves", async context =>
        {
            await Task.Delay(20); // so that some are always under way
            await context.Response.Body.WriteAsync("serves"u8.ToArray());
        });
        (await _platform.SwitchAsync(app, 1, TimeSpan.FromSeconds(10), instance)).ShouldBeTrue();
        using var stop = new CancellationTokenSource();
        var (deliveries, first) = (0, true);
        var visitors = Enumerable.Range(0, 4).Select(_ => RepeatAsync(() => SharedGateway.Visit(), HttpStatusCode.OK));
        var callers = Enumerable.Range(0, 2).Select(_ => RepeatAsync(() => new HttpRequestMessage(HttpMethod.Get, "/v1/apps/shop"), HttpStatusCode.OK));
        var hooks = Enumerable.Range(0, 2).Select(_ => RepeatAsync(
            () => SharedGateway.Delivery($"delivery-{Interlocked.Increment(ref deliveries)}"), HttpStatusCode.Accepted));
        var all = visitors.Concat(callers).Concat(hooks).ToList();

        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < _gateways.Length; i++)
            {
                await _gateways[i].StopAsync();
                _gateways[i] = await _platform.StartGatewayAsync(_ports[i]);
                if (first)
                    (await _platform.SwitchAsync(app, 2, TimeSpan.FromSeconds(10), instance)).ShouldBeTrue();
                first = false;
            }
        }

        await stop.CancelAsync();
        (await Task.WhenAll(all)).ShouldAllBe(done => done > 0);
        await Platform.UntilAsync(() => _platform.Pushes.Select(push => push.DeliveryId).Distinct().Count() == deliveries, "the message of every delivery");

        Task<int> RepeatAsync(Func<HttpRequestMessage> request, HttpStatusCode expected) => Task.Run(async () =>
        {
            using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
            client.DefaultRequestHeaders.Authorization = new("Bearer", Platform.Token);
            var turn = 0;
            var done = 0;
            for (; !stop.IsCancellationRequested; done++)
            {
                var asked = request();
                using var answer = await SendAsync(client, asked, () => turn++);
                answer.StatusCode.ShouldBe(expected, await answer.Content.ReadAsStringAsync());
            }

            return done;
        });
    }

    [Fact]
    public async Task Who_follows_a_log_is_let_go_and_goes_on_where_it_was()
    {
        await _gateways[0].CreateAppAsync();
        using var made = await _gateways[0].Client.PostAsJsonAsync("/v1/apps/shop/deployments", new { });
        var deployment = (await made.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id;
        using var following = await FollowAsync(0, deployment);
        using var reader = new StreamReader(await following.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync()).ShouldBe("event: deployment");

        await _gateways[0].StopAsync();

        // The stream ends as it should, not by a broken connection.
        (await reader.ReadToEndAsync()).ShouldNotContain("event: end");
        using var again = await FollowAsync(1, deployment);
        using var other = new StreamReader(await again.Content.ReadAsStreamAsync());
        (await other.ReadLineAsync()).ShouldBe("event: deployment");
    }

    [Fact]
    public async Task A_connection_without_an_end_is_cut_in_time()
    {
        var app = await _gateways[0].CreateAppAsync();
        var entered = new TaskCompletionSource();
        await _platform.SwitchAsync(app, 1, TimeSpan.FromSeconds(10), await _platform.StartInstanceAsync("", async context =>
        {
            await context.Response.Body.WriteAsync("begun"u8.ToArray());
            await context.Response.Body.FlushAsync();
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }));
        using var answer = await _gateways[0].Client.SendAsync(SharedGateway.Visit(), HttpCompletionOption.ResponseHeadersRead);
        await entered.Task;
        // Kestrel alone would wait for 45 seconds, and leave no time for anything else to stop.
        await _gateways[0].StopAsync();
        await Should.ThrowAsync<Exception>(() => answer.Content.ReadAsStringAsync());
        await Platform.UntilAsync(() => _gateways[1].Others.Count == 0, "the goodbye");
    }

    private async Task<HttpResponseMessage> FollowAsync(int gateway, Guid deployment)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/deployments/{deployment}/logs") { Headers = { { "Accept", "text/event-stream" } } };
        return await _gateways[gateway].Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>In turn; to the other one if the connection is refused.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpRequestMessage request, Func<int> turn)
    {
        var path = request.RequestUri!;
        for (var refused = 0; ; refused++)
        {
            request.RequestUri = new Uri(new Uri($"http://127.0.0.1:{_ports[turn() % 2]}"), path);
            try
            {
                return await client.SendAsync(request);
            }
            catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConnectionError && refused < 2)
            {
                var copy = new HttpRequestMessage(request.Method, path) { Content = request.Content };
                foreach (var (name, values) in request.Headers)
                    copy.Headers.TryAddWithoutValidation(name, values);
                request = copy;
            }
        }
    }
}
