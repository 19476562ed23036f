using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.Deployer;

/// <summary>
/// Gives the image of each release that has taken over the release's number as a tag in the registry, such as
/// <c>v12</c>: for people to find it by. The platform itself goes by digests and does without.
/// </summary>
internal sealed class ReleaseTags(ImageRegistry registry, IOptions<RegistryOptions> options, TimeProvider clock)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Nobody can take the release back any more, so this can't be canceled, and does not fail: at most it says that it could not be done.</summary>
    public async Task PutAsync(DeployRelease release, IStepLog log)
    {
        if (release.Target == Target.Local || options.Value.Prefix is not { } prefix)
            return;
        var name = $"{prefix}/{release.App}:v{release.Release}";
        using var limit = new CancellationTokenSource(Limit, clock);
        try
        {
            // One from before there was a registry is not there.
            if (await registry.TagAsync(release.App, release.ImageDigest, $"v{release.Release}", limit.Token))
                log.Detail(DeployerTexts.Tagged(name));
        }
        catch (Exception exception) when (exception is ImageRegistryException or OperationCanceledException)
        {
            log.Warning(DeployerTexts.NotTagged(name, exception is OperationCanceledException ? DeployerTexts.NoAnswer(Limit) : exception.Message));
        }
    }
}
