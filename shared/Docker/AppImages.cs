namespace Paas.Docker;

/// <summary>The names that only the platform gives to images, and only to those of one app: by them they are known.</summary>
/// <param name="AppId">The app's id: another app may have had its name before.</param>
/// <param name="App">The app's name.</param>
/// <param name="Registry">What names in the registry begin with; null without one.</param>
public sealed record AppImages(Guid AppId, string App, string? Registry)
{
    /// <summary>What the names of all apps begin with on the engine that builds. No Dockerfile may name one of another app.</summary>
    public const string Namespace = "paas/";

    /// <summary>On the engine that builds: <c>paas/shop</c>.</summary>
    public string OnEngine => RepositoryOf(App);

    /// <summary>In the registry: <c>registry.example.com/paas/shop</c>; null without one.</summary>
    public string? InRegistry => Registry is null ? null : $"{Registry}/{App}";

    /// <summary>Both.</summary>
    public IEnumerable<string> Repositories => InRegistry is null ? [OnEngine] : [OnEngine, InRegistry];

    /// <summary>See <see cref="OnEngine"/>.</summary>
    public static string RepositoryOf(string app) => Namespace + app;

    /// <summary>Whether an image is one of the app's.</summary>
    public bool Include(EngineImage image) => image.App == AppId && image.Tags.Concat(image.Digests).Any(IsName);

    /// <summary>
    /// Whether all tags of an image are of the platform; those in a registry of before end as today's do. An image that
    /// somebody has given a name of their own is in use.
    /// </summary>
    internal bool AreAllTagsOf(EngineImage image) => image.Tags.All(tag => tag[..tag.LastIndexOf(':')].EndsWith($"/{App}", StringComparison.Ordinal));

    private bool IsName(string name) => Repositories.Any(repository =>
        name.StartsWith(repository + ":", StringComparison.Ordinal) || name.StartsWith(repository + "@", StringComparison.Ordinal));
}
