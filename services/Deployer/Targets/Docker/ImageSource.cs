using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>An image that is on the engine.</summary>
/// <param name="Reference">How containers are made of it.</param>
/// <param name="Image">What it is.</param>
internal sealed record FoundImage(string Reference, RunnableImage Image);

/// <summary>Finds a release's image on the engine, or fetches it from the registry.</summary>
internal sealed class ImageSource(EngineClient engine, IOptions<RegistryOptions> registry)
{
    /// <summary>The names of an app's images.</summary>
    public AppImages ImagesOf(Guid appId, string app) => registry.Value.ImagesOf(appId, app);

    /// <exception cref="StepPermanentException">There is no registry, and the engine does not have the image.</exception>
    /// <exception cref="EngineException">It could not be pulled.</exception>
    public async Task<FoundImage> GetAsync(string app, string digest, IStepLog log, CancellationToken cancellation)
    {
        if (await FindAsync(app, digest, cancellation) is { } found)
            return found;
        if (registry.Value.Prefix is not { } prefix)
            throw new StepPermanentException(DeployerTexts.ImageGone(app, digest, engine.Endpoint));
        log.Heading(DeployerTexts.Pulling($"{prefix}/{app}@{digest}"));
        await engine.PullAsync($"{prefix}/{app}", digest, registry.Value, cancellation);
        return await FindAsync(app, digest, cancellation) ?? throw new StepPermanentException(DeployerTexts.ImageGone(app, digest, engine.Endpoint));
    }

    /// <returns>Null if the engine does not have it.</returns>
    public async Task<FoundImage?> FindAsync(string app, string digest, CancellationToken cancellation)
    {
        // A release from before there was a registry is an image of the engine's own.
        string[] references = registry.Value.Prefix is { } prefix ? [$"{prefix}/{app}@{digest}", digest] : [digest];
        foreach (var reference in references)
        {
            if (await engine.FindRunnableAsync(reference, cancellation) is { } image)
                return new(reference, image);
        }

        return null;
    }
}
