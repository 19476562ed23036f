using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Docker;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>Says at the start that apps' namespaces hold a login that may write to the registry.</summary>
internal sealed partial class PullLoginCheck(IOptions<RegistryOptions> registry, ILogger<PullLoginCheck> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (registry.Value is { Username: { Length: > 0 } username, PullUsername: null or "" })
            LogWrites(username);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "The nodes pull images as {Username}, who may also push them, and whoever reads Secrets in an app's namespace gets that login. Set Registry__PullUsername and Registry__PullPassword to an account that may only read.")]
    private partial void LogWrites(string username);
}
