using Microsoft.Extensions.Hosting;
using Paas.Hosting.Processes;

namespace Paas.Hosting.Secrets;

/// <summary>
/// Makes the key ring before anything is sealed, one process at a time: of several that found it empty at the same
/// time each would make a key of its own, and what one seals the others could not open until they read it again, a
/// day later.
/// </summary>
internal sealed class KeyRing(string folder, SecretSealer sealer, TimeProvider clock) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            PrivateFolder.Prepare(folder);
            foreach (var key in Directory.GetFiles(folder, "*.xml"))
                PrivateFolder.PrepareFile(key);
            using var turn = await FileLock.TakeAsync(Path.Combine(folder, ".lock"), clock, waiting: null, cancellationToken);
            sealer.Seal("");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Only those who seal or open something need a key ring, and they say so themselves.
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
