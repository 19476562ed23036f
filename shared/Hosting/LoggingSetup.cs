using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Configuration;
using Microsoft.Extensions.Logging.Console;

namespace Paas.Hosting;

public static class LoggingSetup
{
    /// <summary>
    /// One line for each event; of the libraries only what went wrong. <c>Logging:LogLevel</c> changes it, and
    /// <c>Logging:Console:FormatterName=json</c> writes all that is known of an event as JSON.
    /// </summary>
    public static ILoggingBuilder AddPaasConsole(this ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.Services.TryAddSingleton(TimeProvider.System);
        logging.Services.Configure<JsonConsoleFormatterOptions>(json =>
        {
            json.IncludeScopes = true;
            json.UseUtcTimestamp = true;
            json.TimestampFormat ??= "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
        logging.AddConsole();
        logging.AddConsoleFormatter<PaasConsoleFormatter, ConsoleFormatterOptions>();
        logging.Services.AddOptions<ConsoleLoggerOptions>().Configure<ILoggerProviderConfiguration<ConsoleLoggerProvider>>(
            (console, settings) => console.FormatterName = settings.Configuration["FormatterName"] ?? PaasConsoleFormatter.FormatterName);
        logging.Configure(factory => factory.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("MassTransit", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        // An app that breaks off is the app's affair; the router logs it in a line.
        logging.AddFilter("Yarp", LogLevel.Error);
        // One for each connection that is turned away: kestrel.rejected_connections counts them.
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Error);
        // It logs what it refuses under another name, with address and path.
        logging.AddFilter("Paas.Gateway.Access.BearerHandler", LogLevel.Warning);
        // Steps tell of their own retries, and a command that fails is an exception somewhere.
        logging.AddFilter("MassTransit.ReceiveTransport", LogLevel.Error);
        logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None);
        logging.AddFilter("Microsoft.EntityFrameworkCore.Update", LogLevel.None);
        // The key ring is protected by the data directory's permissions.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        return logging;
    }
}
