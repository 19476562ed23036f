using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Paas.Hosting.Telemetry;
using Paas.Servers.Otlp;

namespace Paas.Hosting.Tests.Telemetry;

[Collection(TelemetrySetupTests.Listening)]
public sealed class PlatformRequestsTests
{
    [Fact]
    public async Task Only_what_can_lead_to_a_deployment_is_traced_and_what_strangers_send_along_is_dropped()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        var baggage = new ConcurrentQueue<KeyValuePair<string, string?>>();
        await using (var app = Build(collector))
        {
            app.Map("/{**path}", () =>
            {
                foreach (var pair in Activity.Current!.Baggage)
                    baggage.Enqueue(pair);
                return Results.StatusCode(503);
            });
            await app.StartAsync(TestContext.Current.CancellationToken);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null }) { BaseAddress = new Uri(app.Urls.First()) };
            foreach (var (method, path, host) in new[]
            {
                ("POST", "/webhooks/github", null), ("PATCH", "/v1/apps/hello/config-vars", null), ("GET", "/v1/deployments", null), ("GET", "/health/live", null),
                ("POST", "/login", null), ("POST", "/v1/orders", "shop.localhost"), ("POST", "/webhooks/x", "shop.LOCALHOST."),
            })
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                request.Headers.Host = host;
                request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
                request.Headers.Add("baggage", "from=stranger");
                (await http.SendAsync(request, TestContext.Current.CancellationToken)).Dispose();
            }

            await app.StopAsync(TestContext.Current.CancellationToken);
        }

        collector.Spans.Select(span => (span.Attributes["url.path"], span.IsError)).ShouldBe(
            [("/webhooks/github", true), ("/v1/apps/hello/config-vars", true)], ignoreOrder: true);
        collector.Spans.ShouldAllBe(span => span.TraceId == "0af7651916cd43dd8448eb211c80319c");
        baggage.ShouldBeEmpty();
    }

    private static WebApplication Build(OtlpReceiver collector)
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(collector.Environment.ToDictionary(variable => variable.Name, string? (variable) => variable.Value));
        builder.AddPaasTelemetry("test");
        return builder.Build();
    }
}
