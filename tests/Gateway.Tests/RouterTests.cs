using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Tests;

public sealed class RouterTests : IAsyncLifetime
{
    private readonly List<WebApplication> _instances = [];
    private GatewayHost _host = null!;
    private Guid _app;

    public async ValueTask InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        await _host.CreateAppAsync("shop");
        _app = await _host.WithDbAsync(db => db.Apps.Select(app => app.Id).SingleAsync());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances)
            await instance.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task No_request_fails_while_releases_are_switched()
    {
        var (url, instance) = await InstanceAsync("v1");
        (await SwitchAsync(1, url)).ShouldBeTrue();
        using var stop = new CancellationTokenSource();
        var loops = Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            var done = 0;
            while (!stop.IsCancellationRequested)
            {
                using var request = Request("shop.apps.test", i % 2 == 0 ? "/" : "/echo", i % 2 == 0 ? HttpMethod.Get : HttpMethod.Post);
                if (i % 2 == 1)
                    request.Content = new StringContent("a body");
                using var answer = await _host.Client.SendAsync(request);
                ((int)answer.StatusCode).ShouldBe(200, await answer.Content.ReadAsStringAsync());
                done++;
            }

            return done;
        })).ToList();

        for (var release = 2; release <= 51; release++)
        {
            var (nextUrl, next) = await InstanceAsync($"v{release}");
            (await SwitchAsync(release, nextUrl)).ShouldBeTrue();
            await instance.DisposeAsync(); // at once: the switch has been answered
            _instances.Remove(instance);
            instance = next;
            (await GetAsync()).ShouldBe($"v{release}");
        }

        await stop.CancelAsync();
        (await Task.WhenAll(loops)).Sum().ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task A_switch_waits_for_requests_under_way_but_not_for_ever()
    {
        var release = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        var (old, _) = await InstanceAsync("old", async context =>
        {
            entered.SetResult();
            await release.Task;
            await context.Response.WriteAsync("finished");
        });
        var (young, _) = await InstanceAsync("young");
        await SwitchAsync(1, old);
        var slow = GetAsync();
        await entered.Task;

        var switching = SwitchAsync(2, TimeSpan.FromSeconds(60), young);
        await GatewayHost.UntilAsync(async () => await GetAsync() == "young", "the new release");
        switching.IsCompleted.ShouldBeFalse();
        release.SetResult();
        (await switching).ShouldBeTrue();
        (await slow).ShouldBe("finished");
    }

    [Fact]
    public async Task A_web_socket_is_passed_on_and_holds_a_switch_up_no_longer_than_it_may()
    {
        var (old, _) = await InstanceAsync("old", async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } received)
                await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, true, context.RequestAborted);
        });
        await SwitchAsync(1, old);
        using var client = new ClientWebSocket();
        client.Options.SetRequestHeader("Host", "shop.apps.test");
        await client.ConnectAsync(new UriBuilder(_host.Url) { Scheme = "ws" }.Uri, CancellationToken.None);
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        var echo = new byte[100];
        (await client.ReceiveAsync(echo, CancellationToken.None)).Count.ShouldBe(5);

        var (young, _) = await InstanceAsync("young");
        (await SwitchAsync(2, TimeSpan.FromMilliseconds(300), young)).ShouldBeTrue();
        (await GetAsync()).ShouldBe("young");
    }

    [Fact]
    public async Task Requests_take_turns_and_pass_over_an_instance_that_is_gone()
    {
        var (one, first) = await InstanceAsync("one");
        var (two, _) = await InstanceAsync("two");
        await SwitchAsync(1, one, two);
        var answers = new HashSet<string>();
        for (var i = 0; i < 4; i++)
            answers.Add(await GetAsync());
        answers.ShouldBe(["one", "two"], ignoreOrder: true);
        await first.DisposeAsync();
        _instances.Remove(first);
        for (var i = 0; i < 4; i++)
        {
            using var request = Request("shop.apps.test", "/echo", HttpMethod.Post);
            request.Content = new StringContent("whole");
            (await (await _host.Client.SendAsync(request)).Content.ReadAsStringAsync()).ShouldBe("whole");
        }
    }

    [Fact]
    public async Task An_app_gets_the_request_as_it_came_and_the_truth_about_where_from()
    {
        var (url, _) = await InstanceAsync("x", context => context.Response.WriteAsync(
            string.Join('\n', context.Request.Headers.Select(header => $"{header.Key}={header.Value}").Append(context.Request.Path + context.Request.QueryString))));
        await SwitchAsync(12, url);
        using var request = Request("Shop.Apps.Test:81", "/a%2Fb?c=d%20e");
        request.Headers.Add("X-Forwarded-For", "6.6.6.6");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("Forwarded", "for=6.6.6.6");
        request.Headers.Add("Cookie", "a=b");
        using var answer = await _host.Client.SendAsync(request);
        var seen = (await answer.Content.ReadAsStringAsync()).Split('\n');
        seen.ShouldContain("Host=Shop.Apps.Test:81");
        seen.ShouldContain("X-Forwarded-For=127.0.0.1");
        seen.ShouldContain("X-Forwarded-Proto=http");
        seen.ShouldContain("X-Forwarded-Host=Shop.Apps.Test:81");
        seen.ShouldContain("Cookie=a=b");
        seen.ShouldContain("/a%2Fb?c=d%20e");
        seen.ShouldNotContain(line => line.Contains("6.6.6.6"));
        answer.Headers.GetValues("Paas-Release").ShouldBe(["v12"]);
    }

    [Fact]
    public async Task An_older_release_does_not_come_back()
    {
        var (one, _) = await InstanceAsync("one");
        var (two, _) = await InstanceAsync("two");
        (await SwitchAsync(2, two)).ShouldBeTrue();
        (await SwitchAsync(1, one)).ShouldBeFalse();
        (await GetAsync()).ShouldBe("two");
        (await SwitchAsync(2, one)).ShouldBeTrue(); // its instances have moved
        (await GetAsync()).ShouldBe("one");
        (await SwitchAsync(3)).ShouldBeTrue();
        (await SwitchAsync(2, two)).ShouldBeFalse();
        (await StatusAsync("shop.apps.test")).ShouldBe(503);
    }

    [Fact]
    public async Task A_route_is_still_there_after_a_restart()
    {
        var (url, _) = await InstanceAsync("still here");
        await SwitchAsync(1, url);
        await using var second = await GatewayHost.StartAsync(folder: _host.Folder);
        using var request = Request("shop.apps.test");
        (await (await second.Client.SendAsync(request)).Content.ReadAsStringAsync()).ShouldBe("still here");
    }

    [Fact]
    public async Task A_removed_app_has_no_route_and_gets_none()
    {
        var (url, _) = await InstanceAsync("x");
        await SwitchAsync(1, url);
        (await _host.Client.DeleteAsync("/v1/apps/shop")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await StatusAsync("shop.apps.test")).ShouldBe(404);
        (await SwitchAsync(2, url)).ShouldBeFalse();
        (await SwitchAsync(2)).ShouldBeTrue();
        (await StatusAsync("shop.apps.test")).ShouldBe(404);
        (await _host.WithDbAsync(db => db.Routes.CountAsync())).ShouldBe(0);
    }

    [Theory]
    [InlineData("shop.apps.test", 503)]
    [InlineData("SHOP.APPS.TEST:8080", 503)]
    [InlineData("shop.apps.test.", 503)]
    [InlineData("none.apps.test", 404)]
    [InlineData("a.shop.apps.test", 404)]
    [InlineData("apps.test", 200)]
    [InlineData("localhost", 200)]
    [InlineData("127.0.0.1:1", 200)]
    [InlineData("notapps.test", 200)]
    public async Task Hosts_are_told_apart(string host, int status) => (await StatusAsync(host)).ShouldBe(status);

    [Theory]
    [InlineData("Host: shop.apps.test\r\nHost: none.apps.test", 400)]
    [InlineData("Host: sh op.apps.test", 400)]
    [InlineData("Host: shop.apps.test/../x", 400)]
    [InlineData("Host: <b>.apps.test", 400)]
    [InlineData("Host: %3Cscript%3E.apps.test", 400)]
    [InlineData("Host: ..apps.test", 404)]
    [InlineData("Host: shop.apps.test\r\nX-Long: {long}", 431)]
    public async Task Malformed_hosts_and_huge_headers_are_refused(string headers, int status)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _host.Url.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\n{headers.Replace("{long}", new string('x', 40_000), StringComparison.Ordinal)}\r\n\r\n"));
        var answer = new byte[12];
        await stream.ReadExactlyAsync(answer);
        Encoding.ASCII.GetString(answer).ShouldBe($"HTTP/1.1 {status}");
    }

    [Fact]
    public async Task Pages_are_html_for_browsers_and_name_the_app()
    {
        using var request = Request("shop.apps.test");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));
        using var answer = await _host.Client.SendAsync(request);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("<h1>shop is not deployed yet</h1>");
        using var plain = await _host.Client.SendAsync(Request("shop.apps.test"));
        plain.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
    }

    [Fact]
    public async Task An_app_that_breaks_off_or_refuses_is_told_as_502()
    {
        var (url, instance) = await InstanceAsync("x", context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await SwitchAsync(1, url);
        (await StatusAsync("shop.apps.test")).ShouldBe(502);
        await instance.DisposeAsync();
        _instances.Remove(instance);
        (await StatusAsync("shop.apps.test")).ShouldBe(502);
    }

    [Fact]
    public async Task Uploads_to_apps_have_no_limit_and_are_streamed()
    {
        var (url, _) = await InstanceAsync("x", async context =>
        {
            var buffer = new byte[64 * 1024];
            long bytes = 0;
            for (int read; (read = await context.Request.Body.ReadAsync(buffer)) > 0;)
                bytes += read;
            await context.Response.WriteAsync(bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
        });
        await SwitchAsync(1, url);
        using var request = Request("shop.apps.test", "/", HttpMethod.Post);
        request.Content = new ByteArrayContent(new byte[40_000_000]);
        (await (await _host.Client.SendAsync(request)).Content.ReadAsStringAsync()).ShouldBe("40000000");
    }

    [Fact]
    public async Task A_message_that_comes_late_does_not_bring_back_the_instances_its_release_had_before()
    {
        var (before, _) = await InstanceAsync("before");
        var (after, _) = await InstanceAsync("after");
        (await SwitchAsync(1, 7, before)).ShouldBe(new RouteSwitched { Accepted = true });
        (await SwitchAsync(1, 9, after)).ShouldBe(new RouteSwitched { Accepted = true });

        (await SwitchAsync(1, 7, before)).ShouldBe(new RouteSwitched { Accepted = false, Later = 9 });
        (await SwitchAsync(1, 8, before)).ShouldBe(new RouteSwitched { Accepted = false, Later = 9 });
        (await GetAsync()).ShouldBe("after");
        (await SwitchAsync(1, 9, after)).ShouldBe(new RouteSwitched { Accepted = true });
        (await SwitchAsync(2, 3, before)).ShouldBe(new RouteSwitched { Accepted = true });
        (await GetAsync()).ShouldBe("before");
    }

    private async Task<RouteSwitched> SwitchAsync(int release, long sequence, string instance)
    {
        var client = _host.Services.GetRequiredService<IBus>().CreateRequestClient<SwitchRoute>(Endpoints.Route, RequestTimeout.After(m: 1));
        return (await client.GetResponse<RouteSwitched>(new SwitchRoute { AppId = _app, App = "shop", Release = release, Sequence = sequence, Instances = [instance] })).Message;
    }

    private Task<bool> SwitchAsync(int release, params string[] instances) => SwitchAsync(release, TimeSpan.FromSeconds(10), instances);

    private async Task<bool> SwitchAsync(int release, TimeSpan drain, params string[] instances)
    {
        var client = _host.Services.GetRequiredService<IBus>().CreateRequestClient<SwitchRoute>(Endpoints.Route, RequestTimeout.After(m: 1));
        var answer = await client.GetResponse<RouteSwitched>(new SwitchRoute { AppId = _app, App = "shop", Release = release, Instances = instances, DrainTimeout = drain });
        return answer.Message.Accepted;
    }

    private static HttpRequestMessage Request(string host, string path = "/", HttpMethod? method = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        request.Headers.Host = host;
        return request;
    }

    private async Task<string> GetAsync() => await (await _host.Client.SendAsync(Request("shop.apps.test"))).Content.ReadAsStringAsync();

    private async Task<int> StatusAsync(string host) => (int)(await _host.Client.SendAsync(Request(host))).StatusCode;

    private async Task<(string Url, WebApplication Instance)> InstanceAsync(string answer, RequestDelegate? handle = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(handle ?? (async context =>
        {
            if (context.Request.Path == "/echo")
                await context.Request.Body.CopyToAsync(context.Response.Body);
            else
                await context.Response.WriteAsync(answer);
        }));
        await app.StartAsync();
        _instances.Add(app);
        return (app.Urls.First(), app);
    }
}
