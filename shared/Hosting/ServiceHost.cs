using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Processes;
using Paas.Hosting.Telemetry;

namespace Paas.Hosting;

/// <summary>What is the same for every service that runs as a process of its own.</summary>
public static class ServiceHost
{
    /// <summary>A step gets its time to be finished or handed back, and apps theirs to end.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(45);

    /// <summary>Runs a service until it is asked to stop.</summary>
    /// <param name="args">Settings, such as <c>--urls http://127.0.0.1:8081</c>.</param>
    /// <param name="service">Which one.</param>
    /// <param name="add">Adds what the service consists of, and the bus.</param>
    /// <param name="use">Adds what it serves over HTTP besides its health.</param>
    /// <returns>The exit code: 0, or 1 if it could not start, which standard error explains in one sentence.</returns>
    public static async Task<int> RunAsync(
        string[] args, Service service, Action<WebApplicationBuilder> add, Action<WebApplication>? use = null)
    {
        try
        {
            var builder = WebApplication.CreateSlimBuilder(args);
            if (!builder.Configuration.UsesRabbitMq())
                throw new StartException(StartTexts.NoBroker(service.Name));
            if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey])
                && string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.HttpPortsKey]))
                builder.WebHost.UseUrls($"http://127.0.0.1:{service.Port}");
            builder.Logging.AddPaasConsole();
            builder.AddPaasTelemetry(service.Name);
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
            builder.Services.AddSingleton(service);
            builder.Services.AddPaasPlatform(builder.Configuration);
            builder.Services.AddHostedService<EscapeWatch>();
            add(builder);
            builder.Services.AddHostedService<BusWatchdog>();
            await using var app = builder.Build();
            use?.Invoke(app);
            app.MapPaasHealth();
            await app.RunAsync();
            return 0;
        }
        catch (Exception exception) when (StartException.Explain(exception) is { } explanation)
        {
            await Console.Error.WriteLineAsync(explanation);
            return 1;
        }
    }
}
