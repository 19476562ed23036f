using System.Net;
using Paas.Gateway.Tests.Router;

namespace Paas.Gateway.Tests.Http;

public sealed class TrustedProxiesTests
{
    [Theory]
    [InlineData("X-Forwarded-For: 192.0.2.1", "192.0.2.1", "http")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 192.0.2.1", "192.0.2.1", "http")]
    [InlineData("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1", "192.0.2.1", "http")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.1.2.3", "192.0.2.1", "http")]
    [InlineData("X-Forwarded-For: 10.1.2.3", "10.1.2.3", "http")]
    [InlineData("X-Forwarded-For: 6.6.6.6, unknown, 10.1.2.3", "10.1.2.3", "http")]
    [InlineData("X-Forwarded-For: unknown", "127.0.0.1", "http")]
    [InlineData("X-Forwarded-For: 192.0.2.1:4711", "192.0.2.1", "http")]
    [InlineData("X-Forwarded-For: [2001:db8::1]:4711\r\nX-Forwarded-Proto: https", "2001:db8::1", "https")]
    [InlineData("X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: gopher", "2001:db8::1", "http")]
    [InlineData("Forwarded: for=6.6.6.6;proto=https", "127.0.0.1", "http")]
    [InlineData("X-Real-IP: 6.6.6.6", "127.0.0.1", "http")]
    public async Task The_word_of_a_trusted_proxy_is_believed(string headers, string address, string scheme) =>
        (await SeenAsync(headers, GatewayOptions.XForwardedFor)).ShouldBe((address, scheme));

    [Theory]
    [InlineData("Forwarded: for=192.0.2.1;proto=https;by=x", "192.0.2.1", "https")]
    [InlineData("Forwarded: for=6.6.6.6, for=\"[2001:db8::1]:4711\";proto=http", "2001:db8::1", "http")]
    [InlineData("Forwarded: For=\"192.0.2.1:80\", for=10.0.0.1;Proto=HTTPS", "192.0.2.1", "https")]
    [InlineData("Forwarded: for=_hidden", "127.0.0.1", "http")]
    [InlineData("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https", "127.0.0.1", "http")]
    public async Task Only_the_header_that_the_proxy_sets_is_read(string headers, string address, string scheme) =>
        (await SeenAsync(headers, GatewayOptions.Forwarded)).ShouldBe((address, scheme));

    [Fact]
    public async Task The_word_of_a_stranger_is_not_believed()
    {
        await using var router = new RawRouter();
        await router.InitializeAsync();
        await router.AskAsync("GET / HTTP/1.1\r\nHost: shop.apps.test\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n");
        (await router.SeenAsync())["x-forwarded-for"].ShouldBe("127.0.0.1");
    }

    [Fact]
    public async Task Refused_deliveries_count_for_the_visitor_and_not_for_the_proxy()
    {
        await using var host = await GatewayHost.StartAsync(new() { ["Gateway:FailedDeliveriesPerMinute"] = "2", ["Gateway:TrustedProxies:0"] = "127.0.0.1" });
        await host.CreateAppAsync("shop");
        for (var i = 0; i < 3; i++)
            (await StatusAsync("192.0.2.1")).ShouldBe(i < 2 ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests);
        (await StatusAsync("192.0.2.2")).ShouldBe(HttpStatusCode.Unauthorized);

        async Task<HttpStatusCode> StatusAsync(string address) =>
            (await host.DeliverAsync(GatewayHost.Payload(), secret: "wrong", change: request => request.Headers.Add("X-Forwarded-For", address))).StatusCode;
    }

    [Fact]
    public async Task A_refused_request_of_the_api_is_logged_with_address_and_path()
    {
        await using var router = new RawRouter(new() { ["Gateway:TrustedProxies:0"] = "127.0.0.0/8" });
        await router.InitializeAsync();
        foreach (var token in (string[])["", "Authorization: Bearer wrong\r\n"])
        {
            router.Log.Clear();
            (await router.AskAsync($"GET /v1/apps/%0a%1b[31mx HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.9\r\n{token}\r\n")).Start.ShouldBe("HTTP/1.1 401 Unauthorized");
            var (line, _) = router.Log.ShouldHaveSingleItem();
            line.ShouldBe($"Refused GET /v1/apps/??[31mx from 192.0.2.9, which came with {(token.Length > 0 ? "an unknown token" : "no token")}");
        }
    }

    private static async Task<(string? Address, string? Scheme)> SeenAsync(string headers, string header)
    {
        await using var router = new RawRouter(new()
        {
            ["Gateway:TrustedProxies:0"] = "127.0.0.1",
            ["Gateway:TrustedProxies:1"] = "10.0.0.0/8",
            ["Gateway:ForwardedHeader"] = header,
        });
        await router.InitializeAsync();
        await router.AskAsync($"GET / HTTP/1.1\r\nHost: shop.apps.test\r\n{headers}\r\n\r\n");
        var seen = await router.SeenAsync();
        return (seen["x-forwarded-for"], seen["x-forwarded-proto"]);
    }
}
