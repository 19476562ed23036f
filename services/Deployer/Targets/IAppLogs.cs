using Paas.Deployer.Targets.Output;

namespace Paas.Deployer.Targets;

/// <summary>What the instances of apps print, on one target.</summary>
internal interface IAppLogs
{
    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    string Name { get; }

    /// <summary>The logs of an app's releases that run, or are about to.</summary>
    Task<IReadOnlyList<ILogSource>> FindAsync(Guid appId, CancellationToken cancellation);

    /// <summary>Waits until there may be another log. A target with one log for all instances never comes to an end.</summary>
    Task WaitForInstanceAsync(Guid appId, CancellationToken cancellation);
}
