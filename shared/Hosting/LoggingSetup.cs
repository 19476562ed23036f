using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Paas.Hosting;

public static class LoggingSetup
{
    /// <summary>One line for each event; of the libraries only what went wrong. <c>Logging:LogLevel</c> changes it.</summary>
    public static ILoggingBuilder AddPaasConsole(this ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("MassTransit", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        // An app that breaks off is the app's affair; the router logs it in a line.
        logging.AddFilter("Yarp", LogLevel.Error);
        // Steps tell of their own retries, and a command that fails is an exception somewhere.
        logging.AddFilter("MassTransit.ReceiveTransport", LogLevel.Error);
        logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None);
        // The key ring is protected by the data directory's permissions.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        return logging;
    }
}
