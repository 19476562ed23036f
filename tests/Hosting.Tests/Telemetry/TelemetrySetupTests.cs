using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Paas.Hosting.Telemetry;
using Paas.Servers;

namespace Paas.Hosting.Tests.Telemetry;

[Collection(Listening)]
public sealed class TelemetrySetupTests
{
    /// <summary>Listeners are of the whole process: whoever has one, or wants none, takes turns.</summary>
    public const string Listening = "listening to activities";

    private static readonly string Endpoint = $"http://127.0.0.1:{Ports.Free()}";

    [Theory]
    [InlineData("", "", false, false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "", true, true)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", true, false)]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "", false, true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED=true", false, false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_METRICS_EXPORTER=none", true, false)]
    public async Task Nothing_listens_unless_an_endpoint_is_named(string variable, string other, bool traces, bool metrics)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [variable] = variable.Length > 0 ? Endpoint : null,
            [other.Split('=')[0]] = other.Split('=')[^1],
            // What is left at the end goes nowhere; the test need not wait for it.
            ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "100",
        });
        builder.AddPaasTelemetry("test");
        using (var host = builder.Build())
        {
            await host.StartAsync(TestContext.Current.CancellationToken);
            Listeners().ShouldBe((traces, traces, metrics, metrics));
            await host.StopAsync(TestContext.Current.CancellationToken);
        }

        Listeners().ShouldBe((false, false, false, false), "and nothing listens after its end");
    }

    [Fact]
    public async Task More_sources_can_be_named()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Endpoint,
            ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "100",
            [TelemetrySetup.MoreSources] = "Npgsql, System.Net.Http",
        });
        builder.AddPaasTelemetry("test");
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        HasListeners("Npgsql").ShouldBeTrue();
        HasListeners("System.Net.Http").ShouldBeTrue();
        HasListeners("Microsoft.EntityFrameworkCore").ShouldBeFalse();
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static (bool, bool, bool, bool) Listeners() =>
        (PaasTelemetry.Source.HasListeners(), HasListeners("MassTransit"), IsEnabled("Paas"), IsEnabled("MassTransit"));

    private static bool HasListeners(string name)
    {
        using var source = new ActivitySource(name);
        return source.HasListeners();
    }

    private static bool IsEnabled(string name)
    {
        using var meter = new Meter(name);
        return meter.CreateCounter<int>("test").Enabled;
    }
}
