using Paas.Contracts;
using Paas.Deployer.Targets;
using Paas.Hosting.Steps;

namespace Paas.Deployer;

/// <summary>Hands releases to the target they are for.</summary>
internal sealed class ReleaseDeployer(IEnumerable<IDeploymentTarget> targets, StepConfirmer confirmer, ReleaseTags tags)
{
    private readonly Dictionary<string, IDeploymentTarget> _targets = targets.ToDictionary(target => target.Name, StringComparer.Ordinal);

    public async Task<int> DeployAsync(DeployRelease command, IStepLog log, CancellationToken cancellation)
    {
        await TargetOf(command.Target).DeployAsync(command, log, stop => confirmer.ConfirmAsync(command, stop), cancellation);
        await tags.PutAsync(command, log);
        return command.Release;
    }

    /// <returns>Null for an app without a URL.</returns>
    public async Task<string?> ResolveUrlAsync(ResolveUrl command, IStepLog log, CancellationToken cancellation) =>
        (await TargetOf(command.Target).ResolveUrlAsync(command, log, cancellation))?.ToString();

    public Task RemoveAsync(RemoveApp command, CancellationToken cancellation) => _targets.TryGetValue(command.Target, out var target)
        ? target.RemoveAsync(command, cancellation)
        : throw new StepPermanentException(DeployerTexts.UnknownTarget(command.Target, _targets.Keys));

    private IDeploymentTarget TargetOf(string name) => _targets.GetValueOrDefault(name)
        ?? throw new StepFailedException(FailureReason.NotSupportedByTarget, DeployerTexts.UnknownTarget(name, _targets.Keys));
}
