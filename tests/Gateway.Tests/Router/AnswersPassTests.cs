namespace Paas.Gateway.Tests.Router;

/// <summary>What a visitor sees is what the app has sent, byte for byte, but for what docs/router.md lists.</summary>
public sealed class AnswersPassTests(RawRouter router) : IClassFixture<RawRouter>
{
    public static TheoryData<string> Starts { get; } =
    [
        "200 OK", "200 Fine", "201 Created", "206 Partial Content", "299 Odd", "302 Found", "307 Temporary Redirect", "400 Bad Request", "401 Unauthorized", "404 Not Found",
        "405 Method Not Allowed", "413 Payload Too Large", "418 I'm a teapot", "429 Too Many Requests", "451 Unavailable For Legal Reasons", "500 Internal Server Error",
        "502 Bad Gateway", "503 Service Unavailable", "599 Odd",
    ];

    public static TheoryData<string> Headers { get; } =
    [
        "Content-Disposition: attachment; filename=\"p\u00c5\u0099ehled.pdf\"", "Set-Cookie: name=p\u00c5\u0099; Path=/", "Set-Cookie: a=1\r\nSet-Cookie: b=2, c",
        "Location: /p\u00c5\u0099", "X-Latin: caf\u00e9", "X-Bytes: \u0080\u00ff\u00a0x", "X-Tab: a\tb", "X-Empty:", "Server: gunicorn/1", "Date: never", "Via: 1.1 x",
        "ETag: W/\"\u00e9\"", "WWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer", "Link: </a>; rel=x, </b>; rel=y", "Content-Type: text/html; charset=\u00e9",
        "Content-Type: nonsense", "Content-Encoding: gzip", "Alt-Svc: clear", "Strict-Transport-Security: max-age=1", "X-Powered-By: x", "Expires: 0", "Last-Modified: yesterday",
        "Cache-Control: no-store\r\nCache-Control: private", "Vary: *", "Retry-After: 5", "Accept-Ranges: bytes", "Age: x", "x_under: 1", "X-Forwarded-For: 1.2.3.4", "Refresh: 5",
        "Access-Control-Allow-Origin: *", "traceparent: x", "Content-Language: \u00c5\u0099", "Content-Range: bytes 0-1/2", "P3P: CP=\"x\"", "Allow: GET, POST",
    ];

    public static TheoryData<string> Dropped { get; } =
        ["Connection: X-Named\r\nX-Named: 1", "Keep-Alive: timeout=5", "Proxy-Connection: x", "Upgrade: h2c", "Paas-Release: v99", "Trailer: x", "Connection: keep-alive"];

    [Theory]
    [MemberData(nameof(Starts))]
    public async Task A_status_comes_back_as_it_was_written(string status) => await PassesAsync($"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task A_header_comes_back_as_it_was_written(string header) => await PassesAsync($"HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: 2\r\n\r\nok");

    [Theory]
    [MemberData(nameof(Dropped))]
    public async Task A_header_of_the_connection_does_not_come_back(string header)
    {
        router.Answer($"HTTP/1.1 200 OK\r\n{header}\r\nX-Last: 1\r\nContent-Length: 2\r\n\r\nok");
        var answer = await router.AskAsync("GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n");
        answer.Lines("date").ShouldBe("content-length:2\npaas-release:v7\nx-last:1");
        await router.SeenAsync();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\u0000\u00ff\r\n\u00e9", "\u0000\u00ff\r\n\u00e9", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n", "hello", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello", false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", true)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nto the end", "to the end", true)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", true)]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "ok", false)]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", false)]
    [InlineData("HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\nok", "ok", false)]
    public async Task A_body_comes_back_however_it_is_framed(string sent, string body, bool andClose)
    {
        router.Answer(sent, andClose);
        for (var i = 0; i < 2; i++)
        {
            var answer = await router.AskAsync("GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n");
            (answer.Start, answer.Body).ShouldBe(("HTTP/1.1 200 OK", body));
            await router.SeenAsync();
        }
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-A: 1\r\n\r\n", "content-length:1000\npaas-release:v7\nx-a:1")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n", "paas-release:v7\nx-a:1")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", "etag:\"x\"\npaas-release:v7")]
    public async Task An_answer_without_a_body_comes_back_as_it_was_written(string method, string sent, string headers)
    {
        router.Answer(sent);
        for (var i = 0; i < 2; i++)
        {
            var answer = await router.AskAsync($"{method} / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n");
            answer.Start.ShouldBe(sent[..sent.IndexOf('\r', StringComparison.Ordinal)]);
            answer.Lines("date").ShouldBe(headers);
            await router.SeenAsync();
        }
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: ")]
    [InlineData("")]
    public async Task What_is_no_answer_is_told_as_the_apps_failure_in_one_line(string sent)
    {
        router.Answer(sent, andClose: true);
        router.Log.Clear();
        var answer = await router.AskAsync("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nContent-Length: 0\r\n\r\n");
        answer.Start.ShouldBe("HTTP/1.1 502 Bad Gateway");
        await router.SeenAsync();
        var (line, exception) = router.Log.ShouldHaveSingleItem();
        line.ShouldStartWith("The app shop did not answer a request: It ");
        exception.ShouldBeNull();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")]
    public async Task An_answer_that_breaks_off_is_not_taken_for_a_whole_one(string sent)
    {
        router.Answer(sent, andClose: true);
        await Should.ThrowAsync<IOException>(() => router.AskAsync("GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n"));
        await router.SeenAsync();
    }

    /// <summary>The visitor sees the very answer, and what the platform adds.</summary>
    private async Task PassesAsync(string sent)
    {
        router.Answer(sent);
        var answer = await router.AskAsync("GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n");
        await router.SeenAsync();
        var lines = sent[..sent.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Split("\r\n");
        answer.Start.ShouldBe(lines[0]);
        answer.Body.ShouldBe("ok");
        var added = lines.Any(line => line.StartsWith("Date:", StringComparison.Ordinal)) ? (string[])["paas-release"] : ["paas-release", "date"];
        answer.Lines(added).ShouldBe(string.Join('\n', lines.Skip(1)
            .Select(line => line.Split(':', 2) is var parts ? $"{parts[0].ToLowerInvariant()}:{parts[1].Trim(' ')}" : "").Order(StringComparer.Ordinal)));
    }
}
