using Microsoft.Extensions.Hosting;

namespace Paas.Hosting.Secrets;

/// <summary>
/// Makes the key ring before anything is sealed, one process at a time: of several that found it empty at the same
/// time each would make a key of its own, and what one seals the others could not open until they read it again, a
/// day later.
/// </summary>
internal sealed class KeyRing(string folder, SecretSealer sealer, TimeProvider clock) : IHostedLifecycleService
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        if (turn is not null)
            sealer.Seal("");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <returns>Null if the folder can't be written: only those who seal something have to.</returns>
    private async Task<IDisposable?> TakeTurnAsync(CancellationToken cancellation)
    {
        var since = clock.GetTimestamp();
        while (true)
        {
            try
            {
                Directory.CreateDirectory(folder);
                return new FileStream(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (IsTaken(exception) && clock.GetElapsedTime(since) < LongestWait)
            {
                await Task.Delay(Wait, clock, cancellation);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    private static bool IsTaken(IOException exception)
    {
        const int WindowsSharingViolation = 32, LinuxTryAgain = 11, MacTryAgain = 35;
        var error = exception.HResult & 0xffff;
        return error == (OperatingSystem.IsWindows() ? WindowsSharingViolation : OperatingSystem.IsMacOS() ? MacTryAgain : LinuxTryAgain);
    }
}
