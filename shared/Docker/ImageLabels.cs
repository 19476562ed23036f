namespace Paas.Docker;

/// <summary>
/// What is written on all that the platform makes in an engine. A label tells, and proves nothing: an image has those of
/// its base, and a container those of its image. What only the platform can give is a name: what has none of the
/// platform's is never stopped, removed or taken for the platform's own, whatever its labels say.
/// </summary>
public static class ImageLabels
{
    private const string Beginning = "io.paas.";

    /// <summary>The app's id: a name may be given to another app later.</summary>
    public const string App = "io.paas.app";

    /// <summary>The app's name when the thing was made.</summary>
    public const string AppName = "io.paas.app-name";

    /// <summary>The full SHA of the commit.</summary>
    public const string Commit = "org.opencontainers.image.revision";

    /// <summary>The deployment the image was built for.</summary>
    public const string Deployment = "io.paas.deployment";

    /// <summary>A digest of all that went into the image, for people who compare two.</summary>
    public const string Inputs = "io.paas.inputs";

    /// <summary>The number of the release a container belongs to.</summary>
    public const string Release = "io.paas.release";

    /// <summary>The process type of a container.</summary>
    public const string Process = "io.paas.process";

    /// <summary>The digest a container's release was deployed by.</summary>
    public const string Digest = "io.paas.digest";

    /// <summary>The path of the health check of a web container.</summary>
    public const string Health = "io.paas.health";

    /// <summary>
    /// The id of the run a container is for. Such a container has no <see cref="Release"/>: it is no instance of one.
    /// </summary>
    public const string Run = "io.paas.run";

    /// <summary>Its name, such as <c>run.1234</c>.</summary>
    public const string RunName = "io.paas.run-name";

    /// <summary>The number of the release it was started beside.</summary>
    public const string RunRelease = "io.paas.run-release";

    /// <summary>How many seconds it may take.</summary>
    public const string RunLimit = "io.paas.run-limit";

    /// <summary>The backing service a container or a volume belongs to, such as <c>postgres</c>.</summary>
    public const string AddOn = "io.paas.add-on";

    /// <summary>The sealed password of an add-on, on its volume.</summary>
    public const string Sealed = "io.paas.sealed";

    /// <summary>Whether a label is one that only the platform may give.</summary>
    public static bool IsOfPlatform(string name) => name.StartsWith(Beginning, StringComparison.OrdinalIgnoreCase);
}
