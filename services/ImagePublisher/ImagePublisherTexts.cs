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

    public static string WrongKeepImages() => "ImagePublisher__KeepImages has to be at least 1: the image that runs is kept in any case.";

    public static string WrongEngineTimeout() => "ImagePublisher__EngineTimeout has to be between a second and an hour, such as 00:01:00.";

    public static string WaitingForEngine(string engine, TimeSpan timeout) => string.Create(
        CultureInfo.InvariantCulture, $"Waiting up to {timeout.TotalSeconds:0.#} s for a publisher beside the engine {engine}, which built the image");

    public static string EngineGone(string engine, TimeSpan timeout) => string.Create(
        CultureInfo.InvariantCulture, $"For {timeout.TotalSeconds:0.#} s nobody could publish from the engine {engine}, which built the image: the app is built again.");

    public static string NotADockerImage(string imageId) =>
        $"'{imageId}' is not the id of an image of a Docker Engine. The message comes from a builder this publisher does not know; run the same version of both.";

    public static string ImageOfAnother(string imageId, string app) =>
        $"The image {imageId} was not built for {app}: it lacks the app's label, and is left alone. Deploy the commit again.";

    public static string OnAnotherEngine(string imageId, string builder, string here) =>
        $"The image {imageId} was built on the engine {builder} and is not on {here}, from which this publisher pushes: the app is built again.";

    public static string StaysOnEngine(string imageId) => $"There is no registry: {imageId} stays on the engine that built it";

    public static string NotWhatWasPushed(string repository, string digest, string imageId) =>
        $"The engine has pushed {imageId} to {repository}, but the registry does not have it under {digest}. Look at the registry's log and storage, and whether Registry__Url is the same registry for the engine and for this service.";

    public static string LayerPushed(string layer, long? bytes) => bytes is { } size ? $"{layer} pushed, {Size(size)}" : $"{layer} pushed";

    public static string LayerBrokeOff(string layer) => $"{layer} was broken off; the engine tries it again";

    public static string PushedSoFar(long bytes, long of) => $"{Size(bytes)} of {Size(of)}";

    public static string Pushed(string digest, int pushed, int there, TimeSpan time) => string.Create(
        CultureInfo.InvariantCulture, $"{digest}, {Layers(pushed)} pushed, {there} there already, {time.TotalSeconds:0.0} s");

    public static string Pruned(int images) => $"{images} older {(images == 1 ? "image" : "images")} removed from the engine";

    private static string Layers(int count) => $"{count} {(count == 1 ? "layer" : "layers")}";

    private static string Size(long bytes) => bytes < 1024 * 1024
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024:0.#} MiB");
}
