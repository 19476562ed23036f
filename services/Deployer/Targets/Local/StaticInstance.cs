using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Paas.Deployer.Targets.Local;

/// <summary>An instance of a static site: the platform itself serves the files.</summary>
internal sealed class StaticInstance : IInstance
{
    private readonly WebApplication _server;
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private StaticInstance(WebApplication server, int port)
    {
        _server = server;
        Port = port;
    }

    public int? Port { get; }

    public Task<int> Ended => _ended.Task;

    public IReadOnlyList<string> LastLines => [];

    public static async Task<StaticInstance> StartAsync(StaticSite site, IPAddress address, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // The site is not the host of this process: it leaves signals to the one that is.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, 0);
        });
        var server = builder.Build();
        server.Run(site.ServeAsync);
        await server.StartAsync(cancellation);
        var url = server.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new StaticInstance(server, new Uri(url).Port);
    }

    public Task<IReadOnlyList<ListeningPort>?> FindListeningPortsAsync() => Task.FromResult<IReadOnlyList<ListeningPort>?>(Port is { } port ? [new(port, IsLoopback: false)] : []);

    public async Task StopAsync(TimeSpan grace)
    {
        using var limit = new CancellationTokenSource(grace);
        await _server.StopAsync(limit.Token);
        _ended.TrySetResult(0);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _ended.TrySetResult(0);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
