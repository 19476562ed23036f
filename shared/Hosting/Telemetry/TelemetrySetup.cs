using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace Paas.Hosting.Telemetry;

/// <summary>
/// Traces, metrics and logs over OTLP, if OpenTelemetry's environment variables name an endpoint for them. If not,
/// nothing of it is created. The variables are read by OpenTelemetry itself. Stands in for
/// OpenTelemetry.Extensions.Hosting and OpenTelemetry.Instrumentation.AspNetCore.
/// Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
/// </summary>
public static class TelemetrySetup
{
    /// <summary>More activity sources and meters to export, such as <c>Npgsql,System.Net.Http,System.Runtime</c>.</summary>
    public const string MoreSources = "Telemetry:Sources";

    /// <summary>Comes after the console, which removes all other ways of logging.</summary>
    /// <param name="builder">The host's.</param>
    /// <param name="service">What <c>OTEL_SERVICE_NAME</c> is by default, after <c>paas-</c>.</param>
    public static void AddPaasTelemetry(this IHostApplicationBuilder builder, string service)
    {
        var configuration = builder.Configuration;
        var name = $"paas-{service}";
        var (traces, metrics) = (configuration.Exports("TRACES"), configuration.Exports("METRICS"));
        if (traces)
        {
            // The framework then writes method, host and path to the activities of requests.
            AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
            builder.Services.AddSingleton<IStartupFilter, PlatformRequests>();
        }

        if (traces || metrics)
            builder.Services.AddHostedService(_ => new TelemetryProviders(configuration, name, traces, metrics));
        if (configuration.Exports("LOGS"))
            AddLogs(builder.Logging, name);
    }

    /// <summary>Who sends all this; what the environment says of it counts more.</summary>
    internal static ResourceBuilder Describe(this ResourceBuilder resource, string service) =>
        resource.AddService(service, serviceNamespace: "paas").AddTelemetrySdk().AddEnvironmentVariableDetector();

    /// <summary>Apart, so that OpenTelemetry is not even loaded where it is not used.</summary>
    private static void AddLogs(ILoggingBuilder logging, string service) => logging.AddOpenTelemetry(logs =>
    {
        logs.IncludeFormattedMessage = true;
        logs.IncludeScopes = true;
        logs.SetResourceBuilder(ResourceBuilder.CreateEmpty().Describe(service));
        logs.AddOtlpExporter();
    });

    private static bool Exports(this IConfiguration configuration, string signal) =>
        (configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? configuration[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"]) is { Length: > 0 }
        && configuration[$"OTEL_{signal}_EXPORTER"] != "none"
        && !string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase);
}
