using Paas.Contracts;

namespace Paas.Deployer.Targets;

/// <summary>How the instances of apps are, on one target.</summary>
internal interface IInstanceStates
{
    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    string Name { get; }

    /// <summary>How the instances of live releases are.</summary>
    /// <param name="appId">Of which app; null for all.</param>
    /// <param name="withLastLines">Whether to read the last line of each.</param>
    /// <param name="cancellation">Ends the looking.</param>
    Task<IReadOnlyList<InstanceStatus>> FindInstancesAsync(Guid? appId, bool withLastLines, CancellationToken cancellation);
}
