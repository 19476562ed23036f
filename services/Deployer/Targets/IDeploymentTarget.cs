using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets;

/// <summary>Where releases run. What it runs is fenced by the release's number: an older one never replaces a newer one.</summary>
public interface IDeploymentTarget
{
    /// <summary>One of <see cref="Target"/>.</summary>
    string Name { get; }

    /// <summary>Whether apps are walled in. In containers they are, whatever else these may be allowed.</summary>
    TargetStatus Status => new() { Name = Name, WalledIn = true };

    /// <summary>
    /// Starts a release, sees that it is healthy and lets it take over, or leaves the one before it serving.
    /// </summary>
    /// <param name="command">The release.</param>
    /// <param name="log">For the developer.</param>
    /// <param name="confirm">To be awaited before each effect that can't be taken back; throws if nobody wants the release any more.</param>
    /// <param name="cancellation">Ends what was started for the release, and leaves the one before it.</param>
    Task DeployAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation);

    /// <summary>Sees the release answer at its public URL.</summary>
    /// <returns>The URL; null for an app without a web process.</returns>
    Task<Uri?> ResolveUrlAsync(ResolveUrl command, IStepLog log, CancellationToken cancellation);

    /// <summary>Stops an app for good and removes what there is of it. No effect if there is nothing.</summary>
    Task RemoveAsync(RemoveApp command, CancellationToken cancellation);
}
