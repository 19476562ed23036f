namespace Paas.Docker;

/// <summary>
/// What is written on all that the platform makes in an engine. Only what has <see cref="App"/> is ever stopped, removed
/// or pruned: the rest is somebody else's.
/// </summary>
public static class ImageLabels
{
    /// <summary>The app's id: a name may be given to another app later.</summary>
    public const string App = "io.paas.app";

    /// <summary>The app's name when the thing was made.</summary>
    public const string AppName = "io.paas.app-name";

    /// <summary>The full SHA of the commit.</summary>
    public const string Commit = "org.opencontainers.image.revision";

    /// <summary>The deployment the image was built for.</summary>
    public const string Deployment = "io.paas.deployment";

    /// <summary>A digest of all that went into the image: an image with the same one need not be built again.</summary>
    public const string Inputs = "io.paas.inputs";

    /// <summary>The number of the release a container belongs to.</summary>
    public const string Release = "io.paas.release";

    /// <summary>The process type of a container.</summary>
    public const string Process = "io.paas.process";
}
