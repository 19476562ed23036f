using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>Runs releases as containers on one Docker Engine, behind the platform's router.</summary>
internal sealed class DockerTarget : IDeploymentTarget, IInstanceStates, IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, Lazy<DockerApp>> _apps = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Tombstones _tombstones;
    private readonly DockerServices _services;
    private readonly UrlResolver _urls;
    private readonly ContainerStates _states;
    private bool _disposed;

    public DockerTarget(
        EngineClient engine, ImageSource images, AddOns addOns, RouteClient router, UrlResolver urls, SecretSealer sealer,
        IOptions<PaasOptions> paas, IOptions<DeployerOptions> options, TimeProvider clock, ILogger<DockerTarget> logger)
    {
        _tombstones = new Tombstones(Path.Combine(Path.GetFullPath(paas.Value.DataDirectory), Target.Docker));
        _services = new DockerServices(engine, images, addOns, new HealthProbe(options, clock), router, sealer, paas, options, clock, logger);
        _urls = urls;
        _states = new ContainerStates(engine, options.Value, clock);
    }

    public string Name => Target.Docker;

    public Task DeployAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation) =>
        AppOf(command.AppId).DeployAsync(command, log, confirm, cancellation);

    public async Task<Uri?> ResolveUrlAsync(ResolveUrl command, IStepLog log, CancellationToken cancellation)
    {
        await CheckImageAsync(command, cancellation);
        return await _urls.ResolveAsync(command, log, cancellation);
    }

    public Task RemoveAsync(RemoveApp command, CancellationToken cancellation) => AppOf(command.AppId).RemoveAsync(command, cancellation);

    public Task<IReadOnlyList<InstanceStatus>> FindInstancesAsync(Guid? appId, bool withLastLines, CancellationToken cancellation) =>
        _states.FindAsync(appId, withLastLines, (id, container) => AppOf(id).IsHealthyAsync(container, cancellation), cancellation);

    /// <summary>Looks where an app's instances are.</summary>
    public void Look(Guid appId)
    {
        if (!_stopping.IsCancellationRequested && !_tombstones.Has(appId))
            AppOf(appId).Look();
    }

    /// <summary>Looks where all apps' instances are.</summary>
    public async Task LookAtAllAsync(CancellationToken cancellation)
    {
        var containers = (await _services.Engine.ListContainersAsync(ImageLabels.App, cancellation)).Where(AppContainers.IsOfPlatform);
        var known = _apps.Keys.Concat(containers.Select(container => Guid.TryParse(container.Labels.GetValueOrDefault(ImageLabels.App), out var id) ? id : Guid.Empty));
        foreach (var id in known.Where(id => id != Guid.Empty).Distinct())
            Look(id);
    }

    /// <summary>Ends what is under way; the apps go on.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_apps.Values.Select(app => app.Value.StopAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        // The container knows it under two names.
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        await StopAsync();
        foreach (var app in _apps.Values)
            app.Value.Dispose();
        _services.Probe.Dispose();
        _stopping.Dispose();
    }

    private DockerApp AppOf(Guid id)
    {
        _stopping.Token.ThrowIfCancellationRequested();
        // Lazy, since making one starts its watch.
        return _apps.GetOrAdd(id, id => new Lazy<DockerApp>(() => new DockerApp(id, _tombstones, _services))).Value;
    }

    /// <summary>What runs has to be what was built.</summary>
    private async Task CheckImageAsync(ResolveUrl command, CancellationToken cancellation)
    {
        var containers = await new AppContainers(command.AppId, _services.Engine).ListAsync(cancellation);
        var wanted = await _services.Images.FindAsync(command.App, command.ImageDigest, cancellation);
        if (containers.FirstOrDefault(container => AppContainers.ReleaseOf(container) == command.Release && container.Image != wanted?.Image.Id) is { } other)
            throw new StepPermanentException(DeployerTexts.OtherImage(other.Name.TrimStart('/'), other.Image, command.ImageDigest));
    }
}
