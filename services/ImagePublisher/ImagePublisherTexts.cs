using System.Globalization;

namespace Paas.ImagePublisher;

/// <summary>What this service says to people.</summary>
internal static class ImagePublisherTexts
{
    public static string TargetNotSupported(string target, IEnumerable<string> supported) =>
        $"This platform cannot publish for the target '{target}' yet: it has publishers for {string.Join(", ", supported.Select(name => $"'{name}'"))}. Set the app's target to one of these and deploy again.";

    public static string NotAnImageId(string imageId) =>
        $"'{imageId}' is not the id of a build for the target 'local'. The message comes from a builder this publisher does not know; run the same version of both.";

    public static string Publishing(string app) => $"Publishing {app}";

    public static string Published(string digest, long bytes, TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{digest}, {Size(bytes)}, {time.TotalSeconds:0.0} s");

    public static string AlreadyPublished(string digest) => $"Published already as {digest}";

    public static string Lost(string imageId, string builder) => $"The build {imageId} is no longer on {builder}: the app is built again.";

    private static string Size(long bytes) => bytes < 1024 * 1024
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024:0.#} MiB");
}
