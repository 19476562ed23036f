using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Paas.Hosting.Telemetry;

/// <summary>Listens to activities and instruments from the start of the host to its end, and sends what is left then.</summary>
internal sealed class TelemetryProviders(IConfiguration configuration, string service, bool traces, bool metrics) : IHostedService, IDisposable
{
    private TracerProvider? _tracer;
    private MeterProvider? _meter;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        string[] more = (configuration[TelemetrySetup.MoreSources] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (traces)
        {
            _tracer = Sdk.CreateTracerProviderBuilder()
                .ConfigureServices(services => services.AddSingleton(configuration))
                .ConfigureResource(resource => resource.Clear().Describe(service))
                .AddSource([PaasTelemetry.Name, "MassTransit", QuietSpans.AspNetCore, .. more])
                .AddProcessor(new QuietSpans())
                .AddOtlpExporter()
                .Build();
        }

        if (metrics)
        {
            _meter = Sdk.CreateMeterProviderBuilder()
                .ConfigureServices(services => services.AddSingleton(configuration))
                .ConfigureResource(resource => resource.Clear().Describe(service))
                .AddMeter([PaasTelemetry.Name, "MassTransit", .. more])
                .AddOtlpExporter()
                .Build();
        }

        return Task.CompletedTask;
    }

    /// <summary>The first hosted service to start is the last to stop: by now the others have said what they had to say.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _tracer?.Dispose();
        _meter?.Dispose();
        (_tracer, _meter) = (null, null);
    }
}
