using System.Globalization;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// The containers of one app, from which all that the target knows of it is read. A release is decided when one of its
/// containers is kept running: before that the engine does not start them again, and nobody but the deployment under
/// way uses them.
/// </summary>
internal sealed class AppContainers(Guid appId, EngineClient engine)
{
    public const string ReleaseCommand = "release";

    public static string LabelOf(Guid appId) => $"{ImageLabels.App}={appId}";

    public static string NetworkOf(Guid appId) => $"paas-{appId}";

    public static string NameOf(string app, int release, string process, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"paas-{app}-v{release}-{process}-{number}");

    /// <summary>Those of its releases, without its add-ons.</summary>
    public async Task<IReadOnlyList<Container>> ListAsync(CancellationToken cancellation) =>
        [.. (await ListWithAddOnsAsync(cancellation)).Where(container => ReleaseOf(container) is not null)];

    public async Task<IReadOnlyList<Container>> ListWithAddOnsAsync(CancellationToken cancellation)
    {
        var listed = await engine.ListContainersAsync(LabelOf(appId), cancellation);
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

    public static int? ReleaseOf(Container container) =>
        int.TryParse(LabelOf(container, ImageLabels.Release), NumberStyles.None, CultureInfo.InvariantCulture, out var release) ? release : null;

    public static string? LabelOf(Container container, string label) => container.Config.Labels?.GetValueOrDefault(label);
}
