namespace Paas.Gateway.Tests.Router;

/// <summary>What an app sees is what a visitor has sent, byte for byte, but for what docs/router.md lists.</summary>
public sealed class RequestsPassTests(RawRouter router) : IClassFixture<RawRouter>
{
    private static readonly string[] OfPlatform = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"];

    public static TheoryData<string> Targets { get; } =
    [
        "/", "/a/b", "/@types%2fcors", "/%2F", "/a/%2F%2Fb", "/a//b", "//a", "/a/./b", "/a/../b", "/..", "/%2e%2e/a", "/a%20b", "/a+b", "/%C3%A9", "/%E9",
        "/?", "/?a", "/?a=b&c=d", "/a?b?c", "/?a=%2F&b=%zz", "/a;b=c", "/a:b@c", "/a,b", "/a|b", "/a\\b", "/a^b`c", "/a\"b<c>", "/{a}[b]", "/a%5Cb", "/?a[]=1",
        "/a?%", "/%25", "/%252F", "/~a/!$&'()*", "/a?x=http://b/c", "/a%zzb", "/A%2fB%2F", "/a?b#c", "/" + new string('a', 4_000),
    ];

    public static TheoryData<string> Methods { get; } = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "M-SEARCH", "FOO", "get"];

    public static TheoryData<string> Headers { get; } =
    [
        "User-Agent: caf\u00e9", "User-Agent: caf\u00c3\u00a9", "Cookie: a=\u00c3\u00a9; b=c", "Cookie: a=1\r\nCookie: b=2", "Referer: http://x/\u00c5\u0099",
        "X-Bytes: \u0080\u00ff\u00a0x", "X-Empty:", "X-Tab: a\tb", "X-Multi: a\r\nX-Multi: b", "X-Multi: a,b", "Accept: text/html, */*;q=0.8",
        "Accept-Encoding: gzip, br, zstd", "Accept-Language: cs, \u00c5\u0099", "Authorization: Basic YTpi", "Authorization: x\u00e9", "Range: bytes=0-1",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "baggage: a=b", "If-None-Match: \"a\", W/\"b\"", "Upgrade-Insecure-Requests: 1",
        "Content-Type: text/x", "Content-Encoding: gzip", "Content-Language: cs", "Content-MD5: x", "Date: never", "From: \u00e9", "Origin: null", "DNT: 1",
        "X-HTTP-Method-Override: PUT", "Via: 1.1 x", "Max-Forwards: 5", "Sec-Fetch-Mode: navigate", "x_under_score: 1", "X.Dots: 1", "Expires: 0", "Pragma: no-cache",
        "If-Modified-Since: yesterday", "X-Request-Id: \u00e9", "X-Forward: 1", "X-User: a", "Sec-WebSocket-Protocol: a", "Warning: 199 - \"x\"", "Allow: GET",
    ];

    public static TheoryData<string> Dropped { get; } =
    [
        "X-Forwarded-For: 6.6.6.6", "X_Forwarded_For: 6.6.6.6", "x_forwarded-for: 6.6.6.6", "X.Forwarded.For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Ssl: on",
        "X-Forwarded-Scheme: https", "X-Forwarded-User: root", "X_Forwarded_User: root", "X-Forwarded-Host: x", "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /x",
        "Forwarded: for=6.6.6.6", "X-Client-IP: 6.6.6.6", "X_Client_IP: 6.6.6.6", "X-Real-IP: 6.6.6.6", "X-Original-URL: /admin", "X_Original_URL: /admin", "X-Rewrite-Url: /admin",
        "Paas-Release: v1", "Paas_Release: v1", "PAAS-anything: 1", "Proxy: http://x", "Proxy-Authorization: x", "Proxy-Connection: x", "Keep-Alive: 5", "TE: gzip",
        "Content_Length: 5", "Transfer_Encoding: chunked", "Connection: X-Named\r\nX-Named: 1", "Connection: close", "Trailer: x", "True-Client-IP: 6.6.6.6",
        "CF-Connecting-IP: 6.6.6.6", "X-Original-Host: x", "X-Remote-User: root", "Front-End-Https: on", "Upgrade: h2c",
    ];

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task A_target_arrives_as_it_was_written(string target) => await PassesAsync($"GET {target} HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n");

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_method_arrives_as_it_was_written(string method) =>
        await PassesAsync($"{method} /a HTTP/1.1\r\nHost: shop.apps.test\r\n{(method is "POST" or "PUT" ? "Content-Length: 0\r\n" : "")}\r\n");

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task A_header_arrives_as_it_was_written(string header) => await PassesAsync($"GET /a HTTP/1.1\r\nHost: shop.apps.test\r\n{header}\r\n\r\n");

    [Theory]
    [InlineData("shop.apps.test:8080")]
    [InlineData("Shop.APPS.test")]
    [InlineData("shop.apps.test.")]
    public async Task A_host_arrives_as_it_was_written(string host) => await PassesAsync($"GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n");

    [Theory]
    [InlineData("Content-Length: 5\r\n\r\n\u0000\u00ff\r\n\u00e9", "\u0000\u00ff\r\n\u00e9")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", "hello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "")]
    [InlineData("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n", "hi")]
    [InlineData("Content-Type: application/json\r\nContent-Encoding: x\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    public async Task A_body_arrives_as_it_was_sent(string headersAndBody, string body)
    {
        router.Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        foreach (var method in (string[])["POST", "GET", "DELETE"])
        {
            (await router.AskAsync($"{method} /a HTTP/1.1\r\nHost: shop.apps.test\r\n{headersAndBody}")).Body.ShouldBe("ok");
            var seen = await router.SeenAsync();
            seen.Body.ShouldBe(body);
            (seen["transfer-encoding"] ?? seen["content-length"]).ShouldBe(headersAndBody.Contains("chunked", StringComparison.Ordinal) ? "chunked" : $"{body.Length}");
        }
    }

    [Theory]
    [MemberData(nameof(Dropped))]
    public async Task A_header_by_which_a_visitor_would_speak_as_the_platform_does_not_arrive(string header)
    {
        router.Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        (await router.AskAsync($"GET /a HTTP/1.1\r\nHost: shop.apps.test\r\n{header}\r\nX-Last: 1\r\n\r\n")).Body.ShouldBe("ok");
        var seen = await router.SeenAsync();
        seen.Lines().ShouldBe(string.Join('\n', (string[])
        [
            "host:shop.apps.test", "x-forwarded-for:127.0.0.1", "x-forwarded-host:shop.apps.test", "x-forwarded-port:80", "x-forwarded-proto:http", "x-last:1",
        ]));
    }

    [Theory]
    [InlineData("GET http://shop.apps.test/a%2Fb?c HTTP/1.1", "GET /a%2Fb?c HTTP/1.1")]
    [InlineData("GET http://shop.apps.test HTTP/1.1", "GET / HTTP/1.1")]
    [InlineData("OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1")]
    [InlineData("GET /a%2Fb HTTP/1.0", "GET /a%2Fb HTTP/1.1")]
    public async Task The_first_line_is_an_apps_and_no_proxys(string sent, string seen)
    {
        router.Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await router.AskAsync($"{sent}\r\nHost: shop.apps.test\r\n\r\n");
        (await router.SeenAsync()).Start.ShouldBe(seen);
    }

    [Theory]
    [InlineData("/@types%2fcors", "X-Name: caf\u00c3\u00a9")]
    [InlineData("/a%2F%2Fb?c=%zz", "Cookie: a=\u00e9")]
    public async Task A_handshake_of_a_web_socket_arrives_as_it_was_sent_and_so_do_all_bytes_after_it(string target, string header)
    {
        RawMessage? seen = null;
        var answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x=\r\nX-Name: caf\u00c3\u00a9\r\n\r\n";
        router.Serve(async connection =>
        {
            seen = await connection.ReadAsync(headOnly: true);
            await connection.SendAsync(answer + "first");
            await connection.SendAsync("\u0000" + await connection.TakeAsync(6));
            return false;
        });
        using var visitor = await router.VisitAsync();
        await visitor.SendAsync(
            $"GET {target} HTTP/1.1\r\nHost: shop.apps.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n{header}\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n");
        var handshake = (await visitor.ReadHeadAsync())!;
        handshake.Start.ShouldBe("HTTP/1.1 101 Switching Protocols");
        handshake.Lines("date").ShouldBe("connection:Upgrade\npaas-release:v7\nsec-websocket-accept:x=\nupgrade:websocket\nx-name:caf\u00c3\u00a9");
        await visitor.SendAsync("\u00ff\u0000\r\n\r\n");
        (await visitor.ReadToEndAsync()).ShouldBe("first\u0000\u00ff\u0000\r\n\r\n");
        seen!.Start.ShouldBe($"GET {target} HTTP/1.1");
        seen.Headers.ShouldContain(header.Split(": ") is [var name, var value] ? $"{name.ToLowerInvariant()}:{value}" : "");
        seen.Lines(OfPlatform).ShouldNotContain("6.6.6.6");
        (seen["connection"], seen["upgrade"], seen["sec-websocket-extensions"]).ShouldBe(("Upgrade", "websocket", "permessage-deflate"));
    }

    /// <summary>The app sees the very request, and the platform's headers.</summary>
    private async Task PassesAsync(string request)
    {
        router.Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var answer = await router.AskAsync(request);
        answer.Start.ShouldBe("HTTP/1.1 200 OK");
        var lines = request.TrimEnd('\r', '\n').Split("\r\n");
        var seen = await router.SeenAsync();
        seen.Start.ShouldBe(lines[0]);
        seen.Lines(OfPlatform).ShouldBe(string.Join('\n', lines.Skip(1)
            .Select(line => line.Split(':', 2) is var parts ? $"{parts[0].ToLowerInvariant()}:{parts[1].Trim(' ')}" : "").Order(StringComparer.Ordinal)));
    }
}
