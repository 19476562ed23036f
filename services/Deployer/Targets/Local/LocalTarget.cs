using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Local;

/// <summary>Runs releases as processes on this machine, behind the platform's router.</summary>
internal sealed partial class LocalTarget : IDeploymentTarget, IInstanceStates, IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, LocalApp> _apps = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _folder;
    private readonly HealthProbe _probe;
    private readonly LocalServices _services;
    private readonly UrlResolver _urls;
    private readonly Sandbox _sandbox;
    private Task _restoring = Task.CompletedTask;
    private bool _disposed;

    public LocalTarget(
        IArtifactStore artifacts, Instances instances, LocalRuns runs, RouteClient router, UrlResolver urls, Sandbox sandbox,
        IOptions<PaasOptions> paas, IOptions<DeployerOptions> options, TimeProvider clock, ILogger<LocalTarget> logger)
    {
        _folder = Path.Combine(Path.GetFullPath(paas.Value.DataDirectory), Target.Local);
        _probe = new HealthProbe(options, clock);
        _services = new LocalServices(artifacts, instances, runs, _probe, router, options, clock, logger);
        _urls = urls;
        _sandbox = sandbox;
    }

    public string Name => Target.Local;

    public TargetStatus Status => new() { Name = Name, WalledIn = _sandbox.State.IsOn, Reason = _sandbox.State.Reason };

    public Task DeployAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation) =>
        AppOf(command.AppId).DeployAsync(command, log, confirm, cancellation);

    public Task<Uri?> ResolveUrlAsync(ResolveUrl command, IStepLog log, CancellationToken cancellation) =>
        _urls.ResolveAsync(command, log, cancellation);

    public Task RemoveAsync(RemoveApp command, CancellationToken cancellation) => AppOf(command.AppId).RemoveAsync(command, cancellation);

    public Task<IReadOnlyList<InstanceStatus>> FindInstancesAsync(Guid? appId, bool withLastLines, CancellationToken cancellation)
    {
        // Those that were not asked for yet are restored, or about to be.
        var apps = AppFolder.All(_folder).Select(folder => folder.AppId).Where(id => appId is null || id == appId);
        return Task.FromResult<IReadOnlyList<InstanceStatus>>([.. apps.SelectMany(id => AppOf(id).Statuses)
            .Select(status => withLastLines ? status : status with { LastLine = null })]);
    }

    /// <summary>Begins to start every app again that ran before; one that does not come up is tried on, beside the others.</summary>
    public void Restore() =>
        _restoring = Task.WhenAll(AppFolder.All(_folder).Select(folder => Task.Run(() => RestoreAsync(folder.AppId))));

    /// <summary>Stops all processes of all apps, with their runs, at the same time.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll([_services.Runs.EndAllAsync(), .. _apps.Values.Select(app => app.StopAsync())]);
        await _restoring;
    }

    public async ValueTask DisposeAsync()
    {
        // The container knows it under two names.
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        await StopAsync();
        foreach (var app in _apps.Values)
            app.Dispose();
        _probe.Dispose();
        _stopping.Dispose();
    }

    private LocalApp AppOf(Guid id)
    {
        _stopping.Token.ThrowIfCancellationRequested();
        return _apps.GetOrAdd(id, id => new LocalApp(new AppFolder(_folder, id), _services));
    }

    private async Task RestoreAsync(Guid id)
    {
        var delay = _services.Options.Value.RestartDelay;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await AppOf(id).RestoreAsync(_stopping.Token);
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception exception)
            {
                Log.NotRestored(_services.Logger, exception, id, delay);
            }

            await Task.Delay(delay, _services.Clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < _services.Options.Value.MaxRestartDelay ? delay * 2 : _services.Options.Value.MaxRestartDelay;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "App {AppId} could not be started again; next try in {Delay}")]
        public static partial void NotRestored(ILogger logger, Exception exception, Guid appId, TimeSpan delay);
    }
}
