namespace Paas.Gateway.Tests.Router;

/// <summary>Requests and answers that cross, and those that are none.</summary>
public sealed class ExchangeTests(RawRouter router) : IClassFixture<RawRouter>
{
    private const string TooLarge = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!";

    [Theory]
    [InlineData(true, "Content-Length: 50000000")]
    [InlineData(true, "Transfer-Encoding: chunked")]
    [InlineData(false, "Content-Length: 50000000")]
    public async Task An_app_that_refuses_an_upload_before_it_has_read_it_is_heard(bool andClose, string framing)
    {
        var end = new TaskCompletionSource();
        router.Serve(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.SendAsync(TooLarge);
            if (!andClose)
                await end.Task;
            return false;
        });
        for (var i = 0; i < 10; i++)
        {
            using var visitor = await router.VisitAsync();
            var uploading = UploadAsync(visitor, framing);
            var answer = (await visitor.ReadAsync())!;
            (answer.Start, answer.Body).ShouldBe(("HTTP/1.1 413 Payload Too Large", "no!"));
            visitor.Dispose();
            await uploading;
        }

        end.SetResult();
    }

    [Fact]
    public async Task An_app_that_closes_after_a_body_without_a_length_is_heard_too()
    {
        router.Serve(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.SendAsync("HTTP/1.1 401 Unauthorized\r\n\r\nWho?");
            return false;
        });
        using var visitor = await router.VisitAsync();
        var uploading = UploadAsync(visitor, "Content-Length: 50000000");
        var answer = (await visitor.ReadAsync())!;
        (answer.Start, answer.Body).ShouldBe(("HTTP/1.1 401 Unauthorized", "Who?"));
        visitor.Dispose();
        await uploading;
    }

    [Fact]
    public async Task An_app_may_answer_while_the_request_is_still_coming()
    {
        router.Serve(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
            for (var i = 0; i < 5; i++)
                await connection.SendAsync(await connection.TakeAsync(2));
            return true;
        });
        using var visitor = await router.VisitAsync();
        await visitor.SendAsync("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nContent-Length: 10\r\n\r\n");
        (await visitor.ReadHeadAsync())!.Start.ShouldBe("HTTP/1.1 200 OK");
        foreach (var part in (string[])["he", "ll", "o ", "yo", "u!"])
        {
            await visitor.SendAsync(part);
            (await visitor.TakeAsync(2)).ShouldBe(part);
        }
    }

    [Fact]
    public async Task An_app_that_is_asked_whether_it_wants_the_body_decides()
    {
        router.Serve(async connection =>
        {
            (await connection.ReadHeadAsync())!["expect"].ShouldBe("100-continue");
            await connection.SendAsync(TooLarge);
            return false;
        });
        using var refused = await router.VisitAsync();
        await refused.SendAsync("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
        (await refused.ReadAsync())!.Start.ShouldBe("HTTP/1.1 413 Payload Too Large");

        router.Serve(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{await connection.TakeAsync(10)}");
            return true;
        });
        using var taken = await router.VisitAsync();
        await taken.SendAsync("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
        (await taken.ReadHeadAsync())!.Start.ShouldBe("HTTP/1.1 100 Continue");
        await taken.SendAsync("0123456789");
        (await taken.ReadAsync())!.Body.ShouldBe("0123456789");
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501)]
    [InlineData("CONNECT shop.apps.test:80 HTTP/1.1\r\nHost: shop.apps.test:80\r\n\r\n", 405)]
    [InlineData("CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", 405)]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.apps.test:99999999\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.apps.test:65536\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x:99999999\r\n\r\n", 400)]
    [InlineData("GET /v1/apps HTTP/1.1\r\nHost: localhost:99999999999999999999\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.apps.test\r\nno colon\r\n\r\n", 400)]
    [InlineData("GET /a%00b HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n", 400)]
    [InlineData("GET /\u00c5\u0099 HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.apps.test\r\nX: a\u0000b\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.apps.test:\r\n\r\n", 400)]
    [InlineData("GET a HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n", 405)]
    public async Task A_malformed_request_is_refused_in_one_short_line(string request, int status)
    {
        router.Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        router.Log.Clear();
        using var visitor = await router.VisitAsync();
        await visitor.SendAsync(request);
        (await visitor.ReadHeadAsync())!.Start.ShouldStartWith($"HTTP/1.1 {status} ");
        router.NothingIsSeen();
        router.Log.Count.ShouldBeLessThanOrEqualTo(1);
        foreach (var (line, exception) in router.Log)
        {
            line.Length.ShouldBeLessThan(500);
            line.ShouldStartWith("Refused ");
            exception.ShouldBeNull();
        }
    }

    [Fact]
    public async Task A_visitor_who_goes_in_the_middle_of_a_body_is_no_failure_of_the_app()
    {
        router.Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        router.Log.Clear();
        using (var visitor = await router.VisitAsync())
            await visitor.SendAsync("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nContent-Length: 100\r\n\r\nhel");
        (await router.AskAsync("GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n")).Body.ShouldBe("ok");
        router.Log.ShouldNotContain(entry => entry.Line.Contains("did not answer"));
    }

    private static async Task UploadAsync(RawConnection visitor, string framing)
    {
        var isChunked = framing.StartsWith("Transfer", StringComparison.Ordinal);
        var part = new string('x', 64 * 1024);
        try
        {
            await visitor.SendAsync($"POST /up HTTP/1.1\r\nHost: shop.apps.test\r\n{framing}\r\n\r\n");
            for (var sent = 0; sent < 49_000_000; sent += part.Length)
                await visitor.SendAsync(isChunked ? $"{part.Length:x}\r\n{part}\r\n" : part);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // As soon as it has its answer, it need not send more.
        }
    }
}
