using System.Globalization;
using System.Text.RegularExpressions;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// The containers of one app, from which all that the target knows of it is read. A release is decided when one of its
/// containers is kept running: before that the engine does not start them again, and nobody but the deployment under
/// way uses them. Labels tell, and names prove: the container of a step of a Dockerfile has whatever labels that asks for,
/// but never a name of the platform's.
/// </summary>
internal sealed partial class AppContainers(Guid appId, EngineClient engine)
{
    public const string ReleaseCommand = "release";

    /// <summary>What the names of all containers, networks and volumes of the platform begin with.</summary>
    public const string Names = "paas-";

    public static string LabelOf(Guid appId) => $"{ImageLabels.App}={appId}";

    public static string NetworkOf(Guid appId) => $"{Names}{appId}";

    /// <summary>The name of an instance. What could be one of another app's, too, is written with dots, which no app's name has.</summary>
    public static string NameOf(string app, int release, string process, int number)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Names}{app}-v{release}-{process}-{number}");
        return ReleaseInName().Count(name) == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{Names}{app}.v{release}.{process}.{number}");
    }

    /// <summary>Whether a container is an instance of a release: its name is that of what its labels say.</summary>
    /// <param name="name">With a slash in front, as engines tell it.</param>
    /// <param name="labels">Of the container.</param>
    public static bool IsInstance(string name, IReadOnlyDictionary<string, string>? labels)
    {
        if (!IsOfPlatform(name) || ReleaseOf(labels) is not { } release || labels?.GetValueOrDefault(ImageLabels.Process) is not { } process || NumberOf(name) is not { } number)
            return false;
        return name.EndsWith(string.Create(CultureInfo.InvariantCulture, $"-v{release}-{process}-{number}"), StringComparison.Ordinal)
            || name.EndsWith(string.Create(CultureInfo.InvariantCulture, $".v{release}.{process}.{number}"), StringComparison.Ordinal);
    }

    /// <summary>Whether one of a release's containers is a certain instance, whichever of its names it has.</summary>
    public static bool Is(Container container, string process, int number) =>
        LabelOf(container, ImageLabels.Process) == process && NumberOf(container.Name) == number;

    /// <summary>The number in the name of an instance.</summary>
    public static int? NumberOf(string name) =>
        int.TryParse(name.AsSpan(name.LastIndexOfAny(['-', '.']) + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Whether the platform has given a container its name.</summary>
    public static bool IsOfPlatform(ContainerSummary container) => container.Names?.Any(IsOfPlatform) == true;

    /// <summary>Whether a container's name, with a slash in front, is one that the platform gives. No build can choose its containers' names.</summary>
    public static bool IsOfPlatform(string name) => name.StartsWith("/" + Names, StringComparison.Ordinal);

    /// <summary>Those of its releases, without its add-ons and runs.</summary>
    public async Task<IReadOnlyList<Container>> ListAsync(CancellationToken cancellation) =>
        [.. (await ListWithAddOnsAsync(cancellation)).Where(container => IsInstance(container.Name, container.Config.Labels))];

    /// <summary>All of the app.</summary>
    public async Task<IReadOnlyList<Container>> ListWithAddOnsAsync(CancellationToken cancellation)
    {
        var listed = (await engine.ListContainersAsync(LabelOf(appId), cancellation)).Where(IsOfPlatform);
        var found = await Task.WhenAll(listed.Select(container => engine.FindContainerAsync(container.Id, cancellation)));
        return [.. found.OfType<Container>()];
    }

    /// <summary>Asks them to end, ends those that take too long, and removes them.</summary>
    public Task EndAsync(IEnumerable<Container> containers, TimeSpan grace, CancellationToken cancellation) => Task.WhenAll(containers.Select(async container =>
    {
        if (container.State.Running)
            await engine.StopContainerAsync(container.Id, grace, cancellation);
        await engine.RemoveContainerAsync(container.Id, cancellation);
    }));

    /// <summary>The release that is to serve; null if there is none.</summary>
    public static int? Serving(IEnumerable<Container> containers) => containers.Where(container => container.IsKeptRunning).Max(ReleaseOf);

    public static int? ReleaseOf(Container container) => ReleaseOf(container.Config.Labels);

    public static string? LabelOf(Container container, string label) => container.Config.Labels?.GetValueOrDefault(label);

    private static int? ReleaseOf(IReadOnlyDictionary<string, string>? labels) =>
        int.TryParse(labels?.GetValueOrDefault(ImageLabels.Release), NumberStyles.None, CultureInfo.InvariantCulture, out var release) ? release : null;

    // App e1 with a process x-v1-web, and app e1-v1-x with a process web.
    [GeneratedRegex("(?=-v[0-9]+-)")]
    private static partial Regex ReleaseInName();
}
