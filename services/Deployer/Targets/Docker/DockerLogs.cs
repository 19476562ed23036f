using System.Globalization;
using Paas.Contracts;
using Paas.Deployer.Targets.Output;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>The logs of the containers of apps' releases.</summary>
internal sealed class DockerLogs(EngineClient engine, TimeProvider clock) : IAppLogs
{
    // What starts between the list and the listening counts, on an engine whose clock is not quite this one's.
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(1);

    public string Name => Target.Docker;

    public async Task<IReadOnlyList<ILogSource>> FindAsync(Guid appId, CancellationToken cancellation)
    {
        var containers = await engine.ListContainersAsync(AppContainers.LabelOf(appId), cancellation);
        return [.. containers.Where(container => AppContainers.IsInstance(NameOf(container), container.Labels))
            .Select(container => new ContainerLog(engine, container.Id, SourceOf(container), container.State == "running"))];
    }

    public Task WaitForInstanceAsync(Guid appId, CancellationToken cancellation) =>
        engine.WaitForStartAsync(AppContainers.LabelOf(appId), AppContainers.Names, clock.GetUtcNow() - Overlap, cancellation);

    private static string SourceOf(ContainerSummary container)
    {
        var process = container.Labels.GetValueOrDefault(ImageLabels.Process) ?? "";
        return process == AppContainers.ReleaseCommand ? process : string.Create(CultureInfo.InvariantCulture, $"{process}.{AppContainers.NumberOf(NameOf(container))}");
    }

    private static string NameOf(ContainerSummary container) => container.Names is [var first, ..] ? first : "";
}
