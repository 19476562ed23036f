using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Paas.Hosting.Messaging.Signatures;

/// <summary>Says at the start that nobody's messages are checked.</summary>
internal sealed partial class UnsignedMessagesWarning(ILogger<UnsignedMessagesWarning> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        LogUnsigned();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "Messages are not signed: whoever has a password of the broker can have commands run. Set Paas__MessageKey to the same secret in all services.")]
    private partial void LogUnsigned();
}
