using System.Collections.Concurrent;
using Paas.Contracts;
using Paas.Deployer.Targets.Output;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>Reads from containers how the instances of live releases are.</summary>
internal sealed class ContainerStates(EngineClient engine, DeployerOptions options, TimeProvider clock)
{
    private static readonly TimeSpan HealthTimeout = new HealthCheck().Timeout;

    // When a container is started again its engine forgets how it had ended.
    private readonly ConcurrentDictionary<string, (int ExitCode, bool OutOfMemory)> _ends = new(StringComparer.Ordinal);

    /// <param name="appId">Of which app; null for all.</param>
    /// <param name="withLastLines">Whether to read the last line of each.</param>
    /// <param name="isHealthy">Whether a container that serves HTTP answers.</param>
    /// <param name="cancellation">Ends the looking.</param>
    public async Task<IReadOnlyList<InstanceStatus>> FindAsync(
        Guid? appId, bool withLastLines, Func<Guid, Container, Task<bool>> isHealthy, CancellationToken cancellation)
    {
        var listed = await engine.ListContainersAsync(appId is { } app ? AppContainers.LabelOf(app) : ImageLabels.App, cancellation);
        var found = (await Task.WhenAll(listed.Where(AppContainers.IsOfPlatform).Select(container => engine.FindContainerAsync(container.Id, cancellation)))).OfType<Container>()
            .Where(container => AppContainers.IsInstance(container.Name, container.Config.Labels) && Guid.TryParse(AppContainers.LabelOf(container, ImageLabels.App), out _)).ToList();
        if (appId is null)
        {
            foreach (var gone in _ends.Keys.Except(found.Select(container => container.Id)).ToList())
                _ends.TryRemove(gone, out _);
        }

        var live = found.GroupBy(container => AppContainers.LabelOf(container, ImageLabels.App)).SelectMany(containers =>
        {
            var release = AppContainers.Serving(containers);
            return containers.Where(container => AppContainers.ReleaseOf(container) == release && ProcessOf(container) is not (null or AppContainers.ReleaseCommand));
        });
        return await Task.WhenAll(live.OrderBy(container => container.Name, StringComparer.Ordinal).Select(container => ReadAsync(container, withLastLines, isHealthy, cancellation)));
    }

    private async Task<InstanceStatus> ReadAsync(
        Container container, bool withLastLine, Func<Guid, Container, Task<bool>> isHealthy, CancellationToken cancellation)
    {
        var (state, process) = (container.State, ProcessOf(container)!);
        var id = Guid.Parse(AppContainers.LabelOf(container, ImageLabels.App)!);
        var hasEnded = state.FinishedAt.Year > 1;
        var isUp = state.Running && state.Status is not "restarting";
        if (hasEnded && (!isUp || state.ExitCode != 0))
            _ends[container.Id] = (state.ExitCode, state.OOMKilled);
        var end = hasEnded && _ends.TryGetValue(container.Id, out var known) ? known : ((int ExitCode, bool OutOfMemory)?)null;
        var name = $"{process}.{AppContainers.NumberOf(container.Name)}";
        return new InstanceStatus
        {
            AppId = id,
            App = AppContainers.LabelOf(container, ImageLabels.AppName) ?? "",
            Name = name,
            Process = process,
            Release = AppContainers.ReleaseOf(container)!.Value,
            State = await StateOfAsync(),
            Since = isUp ? state.StartedAt.UtcDateTime : hasEnded ? state.FinishedAt.UtcDateTime : container.Created.UtcDateTime,
            Restarts = container.RestartCount,
            LastExitCode = end?.ExitCode,
            Reason = end is not { } last ? null : last.OutOfMemory ? DeployerTexts.OutOfMemory(name, options.AppMemory) : DeployerTexts.Exited(name, last.ExitCode),
            LastExitAt = hasEnded ? state.FinishedAt.UtcDateTime : null,
            LastLine = withLastLine ? await LastLineAsync(container, cancellation) : null,
        };

        async Task<string> StateOfAsync()
        {
            if (state.Status is "restarting")
                return InstanceState.Restarting;
            if (!state.Running)
                return state.Status is "created" ? InstanceState.Starting : InstanceState.Stopped;
            if (state.Status is "paused")
                return InstanceState.Stopped;
            var age = clock.GetUtcNow() - state.StartedAt;
            if (process != ProcessType.Web)
                return age < options.StaysUpFor ? InstanceState.Starting : InstanceState.Running;
            return await isHealthy(id, container) ? InstanceState.Running : age < HealthTimeout ? InstanceState.Starting : InstanceState.Unhealthy;
        }
    }

    private async Task<string?> LastLineAsync(Container container, CancellationToken cancellation)
    {
        try
        {
            string? last = null;
            await foreach (var line in engine.ReadLogAsync(container.Id, follow: false, tail: 1, cancellation))
                last = line;
            return last is null ? null : LogReading.Shorten(last);
        }
        catch (EngineException)
        {
            return null; // removed a moment ago
        }
    }

    private static string? ProcessOf(Container container) => AppContainers.LabelOf(container, ImageLabels.Process);
}
