using System.Net;
using System.Net.Sockets;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Tests;

/// <summary>Apps that speak HTTP/1.0, as Python's http.server does: each connection ends with its answer.</summary>
public sealed class OldProtocolTests
{
    [Fact]
    public async Task No_request_is_lost_on_a_connection_that_its_server_is_about_to_close()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.CreateAppAsync("shop");
        var app = await host.WithDbAsync(db => db.Apps.Select(app => app.Id).SingleAsync());
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(1_000);
        using var stop = new CancellationTokenSource();
        var serving = ServeAsync(listener, stop.Token);
        await host.Services.GetRequiredService<IBus>().CreateRequestClient<SwitchRoute>(Endpoints.Route).GetResponse<RouteSwitched>(
            new SwitchRoute { AppId = app, App = "shop", Release = 1, Instances = [$"http://{listener.LocalEndpoint}"] });

        var statuses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var seen = new List<HttpStatusCode>();
            for (var i = 0; i < 250; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "shop.apps.test" } };
                using var response = await host.Client.SendAsync(request);
                seen.Add(response.StatusCode);
            }

            return seen;
        })));

        statuses.SelectMany(seen => seen).GroupBy(status => status).ToDictionary(group => group.Key, group => group.Count())
            .ShouldBe(new Dictionary<HttpStatusCode, int> { [HttpStatusCode.OK] = 2_000 });
        await stop.CancelAsync();
        await serving;
    }

    private static async Task ServeAsync(TcpListener listener, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync(stop);
                _ = AnswerAsync(client);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            if (await stream.ReadAsync(new byte[4096]) == 0)
                return;
            await stream.WriteAsync("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
            await Task.Yield(); // the answer is there, the end of the connection not yet
        }
    }
}
