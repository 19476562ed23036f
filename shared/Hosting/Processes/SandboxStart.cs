using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Paas.Hosting.Processes;

/// <summary>Says at the start whether apps are walled in, and does not start without walls where they are required.</summary>
public sealed partial class SandboxStart(Sandbox sandbox, IOptions<PaasOptions> options, ILogger<SandboxStart> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var (isOn, reason) = sandbox.State;
        if (isOn)
            Log.On(logger);
        else if (options.Value.Sandbox == SandboxMode.Required)
            throw new StartException(StartTexts.SandboxRequired(reason!));
        else
            Log.Off(logger, reason!);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Apps, builds and runs of the target local are walled in by bubblewrap")]
        public static partial void On(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Apps, builds and runs of the target local are not walled in: they can read the platform's data. {Reason}")]
        public static partial void Off(ILogger logger, string reason);
    }
}
