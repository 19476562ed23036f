using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Paas.Servers.Kubernetes;

/// <summary>Stands where an ingress controller would: it answers, and remembers whom it was asked for.</summary>
public sealed class Ingress : IAsyncDisposable
{
    private readonly WebApplication _server;

    private Ingress(WebApplication server, string url) => (_server, Url) = (server, url);

    public string Url { get; }

    public ConcurrentQueue<string> Hosts { get; } = new();

    public static async Task<Ingress> StartAsync(int status = 200, string? url = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        url ??= $"http://127.0.0.1:{Ports.Free()}";
        builder.WebHost.UseUrls(url);
        var ingress = new Ingress(builder.Build(), url);
        ingress._server.Run(context =>
        {
            ingress.Hosts.Enqueue(context.Request.Host + context.Request.Path);
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await ingress._server.StartAsync();
        return ingress;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
