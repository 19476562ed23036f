using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// One app on the engine. A deployment is decided when its first container is kept running: before that a crash leaves
/// the old release, and after it the new one takes over, whoever was killed when. Hence the order: healthy, confirmed,
/// kept running, route, and only then does the old release end.
/// </summary>
internal sealed partial class DockerApp(Guid appId, Tombstones tombstones, DockerServices services) : IDisposable
{
    private static readonly TimeSpan TidyTime = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _ending = new();
    private readonly AppContainers _containers = new(appId, services.Engine);
    private readonly AppRoute _route = new(appId, services);

    public void Dispose()
    {
        _route.Dispose();
        _ending.Dispose();
        _turn.Dispose();
    }

    /// <summary>Looks where the app's instances are, and tells the router if that has changed.</summary>
    public void Look() => _route.Look();

    public Task<bool> IsHealthyAsync(Container container, CancellationToken cancellation) => _route.IsHealthyAsync(container, cancellation);

    public async Task DeployAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ending.Token);
        try
        {
            await _turn.WaitAsync(stop.Token);
            try
            {
                if (tombstones.Has(appId))
                    throw Removed(command.App);
                await DeployInTurnAsync(command, log, confirm, stop.Token);
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (OperationCanceledException) when (tombstones.Has(appId))
        {
            throw Removed(command.App);
        }
    }

    public async Task RemoveAsync(RemoveApp command, CancellationToken cancellation)
    {
        tombstones.Add(appId);
        // A deployment under way has to make room.
        await _ending.CancelAsync();
        await _route.StopAsync();
        await _turn.WaitAsync(cancellation);
        try
        {
            await services.Router.RemoveAsync(command.AppId, command.App, cancellation);
            await _containers.EndAsync(await _containers.ListWithAddOnsAsync(cancellation), services.Options.Value.StopGrace, cancellation);
            var label = AppContainers.LabelOf(appId);
            await services.Engine.RemoveNetworksAsync(label, AppContainers.NetworkOf(appId), cancellation);
            await services.Engine.RemoveVolumesAsync(label, AppContainers.NetworkOf(appId), cancellation);
            await services.Engine.RemoveImagesAsync(services.Images.ImagesOf(appId, command.App), cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends what this process does for the app; its containers go on.</summary>
    public async Task StopAsync()
    {
        await _ending.CancelAsync();
        await _route.StopAsync();
        await _turn.WaitAsync();
        _turn.Release();
    }

    private async Task DeployInTurnAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation)
    {
        var before = await _containers.ListAsync(cancellation);
        var serving = AppContainers.Serving(before);
        Fence(command, before, serving);
        var isServing = serving == command.Release;
        log.Heading(isServing ? DeployerTexts.AlreadyRunning(command.Release) : DeployerTexts.Unpacking(command.Release));
        var image = await services.Images.GetAsync(command.App, command.ImageDigest, log, cancellation);
        await services.Engine.EnsureNetworkAsync(
            AppContainers.NetworkOf(appId), new Dictionary<string, string> { [ImageLabels.App] = appId.ToString(), [ImageLabels.AppName] = command.App }, cancellation);
        var addOns = await services.AddOns.EnsureAsync(appId, command.App, command.Run.AddOns, log, cancellation);
        var volumes = new AppVolumes(appId, command.App, command.Run.Volumes ?? [], services.Engine);
        await volumes.EnsureAsync(cancellation);
        var options = services.Options.Value;
        var release = new ReleaseContainers(command, image, addOns, services.Sealer.OpenAll(command.SealedConfigVars), volumes, services.Engine, options);
        var mine = before.Where(container => AppContainers.ReleaseOf(container) == command.Release).ToList();
        var rollout = new Rollout(command, release, mine, services);
        try
        {
            if (command.Run.Release is { } releaseCommand && !isServing)
                await new ReleaseCommand(services.Engine, options).RunAsync(release, releaseCommand, mine, log, confirm, cancellation);

            if (!isServing)
                await confirm(cancellation);
            log.Heading(DeployerTexts.Starting(command.Release));
            await rollout.StartAsync(log, cancellation);
            if (!isServing)
                await confirm(cancellation);
            await rollout.EnsureAliveAsync(log, cancellation);
            cancellation.ThrowIfCancellationRequested();
        }
        catch (Exception exception) when (!isServing)
        {
            await AbandonAsync(command, keepReleaseCommand: exception is not StepFailedException);
            throw;
        }
        finally
        {
            rollout.StopWatching();
        }

        log.Heading(DeployerTexts.Switching(command.Release));
        // From here on there is only forward, whoever cancels: the next try, or the next start of the deployer, goes on.
        try
        {
            await _route.SwitchAsync(command, rollout, _ending.Token);
        }
        catch (RouteRefusedException)
        {
            await AbandonAsync(command, keepReleaseCommand: false);
            throw new StepFailedException(FailureReason.ReleaseOutdated, DeployerTexts.RouteRefused(command.App, command.Release));
        }

        log.Detail(DeployerTexts.Switched(command.Release));
    }

    private static void Fence(DeployRelease command, IEnumerable<Container> containers, int? serving)
    {
        if (serving > command.Release)
            throw new StepFailedException(FailureReason.ReleaseOutdated, DeployerTexts.ReleaseOutdated(command.App, command.Release, serving.Value));
        var other = containers.Where(container => AppContainers.ReleaseOf(container) == command.Release)
            .Select(container => AppContainers.LabelOf(container, ImageLabels.Digest)).FirstOrDefault(digest => digest != command.ImageDigest);
        if (other is not null)
            throw new StepPermanentException(DeployerTexts.ReleaseChanged(command.App, command.Release, other, command.ImageDigest));
    }

    /// <summary>Removes what was started for a release that is not to be; whatever is left then, the next deployment removes.</summary>
    private async Task AbandonAsync(DeployRelease command, bool keepReleaseCommand)
    {
        using var limit = new CancellationTokenSource(TidyTime, services.Clock);
        try
        {
            var started = (await _containers.ListAsync(limit.Token)).Where(container => AppContainers.ReleaseOf(container) == command.Release
                && !(keepReleaseCommand && AppContainers.LabelOf(container, ImageLabels.Process) == AppContainers.ReleaseCommand));
            await Task.WhenAll(started.Select(container => services.Engine.RemoveContainerAsync(container.Id, limit.Token)));
        }
        catch (Exception exception) when (exception is EngineException or EngineUnreachableException or OperationCanceledException)
        {
            Log.NotRemoved(services.Logger, exception, command.App, command.Release);
        }
    }

    private static StepStaleException Removed(string app) => new(DeployerTexts.Removed(app));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Containers of v{Release} of {App} were not removed; the next deployment tries again")]
        public static partial void NotRemoved(ILogger logger, Exception exception, string app, int release);
    }
}
