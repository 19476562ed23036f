using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// Keeps the router told where an app's instances are, since their ports change whenever the engine starts them again,
/// and ends the releases it has taken requests away from. Costs nothing while nothing happens.
/// </summary>
internal sealed partial class AppRoute : IDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);

    private readonly Guid _appId;
    private readonly DockerServices _services;
    private readonly AppContainers _containers;
    private readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _keeping;

    // Where each start of a container that was seen to be healthy answers.
    private readonly Dictionary<(string Id, DateTimeOffset StartedAt), Uri> _healthy = [];
    private (int Release, IReadOnlyList<Uri> Addresses)? _told;

    public AppRoute(Guid appId, DockerServices services)
    {
        _appId = appId;
        _services = services;
        _containers = new AppContainers(appId, services.Engine);
        _keeping = Task.Run(KeepAsync);
    }

    public void Dispose()
    {
        _turn.Dispose();
        _stopping.Dispose();
    }

    public void Look() => _looks.Writer.TryWrite(true);

    /// <summary>Whether a container that serves HTTP answered when it was last looked at.</summary>
    public async Task<bool> IsHealthyAsync(Container container, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return _healthy.ContainsKey(Key(container));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Decides that a release is to serve, waits until the router sends its requests there, and ends the ones before.</summary>
    /// <exception cref="RouteRefusedException">The router has a newer release.</exception>
    public async Task SwitchAsync(DeployRelease release, Rollout rollout, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            foreach (var (container, address) in rollout.Instances)
            {
                if (!container.IsKeptRunning)
                    await _services.Engine.KeepContainerRunningAsync(container.Id, cancellation);
                if (address is not null)
                    _healthy[Key(container)] = address;
            }

            _told = null;
            await TellAsync(release.App, release.Release, [.. rollout.Instances.Select(instance => instance.Address).OfType<Uri>()], cancellation);
            await EndOthersAsync(await _containers.ListAsync(cancellation), release.Release, cancellation);
        }
        finally
        {
            _turn.Release();
            // Something may have happened while the new ports were not known yet.
            Look();
        }
    }

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _keeping;
    }

    private async Task KeepAsync()
    {
        var delay = FirstDelay;
        try
        {
            while (true)
            {
                await _looks.Reader.ReadAsync(_stopping.Token);
                try
                {
                    if (await LookAsync(_stopping.Token))
                    {
                        delay = FirstDelay;
                        continue;
                    }
                }
                catch (RouteRefusedException exception)
                {
                    // Whoever has the route has told the router since: there is nothing to try again.
                    Log.Refused(_services.Logger, exception, _appId);
                    continue;
                }
                catch (Exception exception) when (!_stopping.IsCancellationRequested)
                {
                    Log.NotTold(_services.Logger, exception, _appId, delay);
                }

                await WaitAsync(delay);
                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The route stays as it is.
        }
    }

    /// <summary>Waits, or until something happens.</summary>
    private async Task WaitAsync(TimeSpan delay)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        await Task.WhenAny(Task.Delay(delay, _services.Clock, waiting.Token), _looks.Reader.WaitToReadAsync(waiting.Token).AsTask());
        await waiting.CancelAsync();
        Look();
    }

    /// <returns>False if some instance runs and is not healthy.</returns>
    private async Task<bool> LookAsync(CancellationToken cancellation)
    {
        // The first time the router may know the places already: it is not told of fewer before they were tried.
        var untried = await TellOfHealthyAsync(evenIfUntried: _told is not null, cancellation);
        if (untried.Count == 0)
            return true;
        var found = await Task.WhenAll(untried.Select(container => ProbeAsync(container, cancellation)));
        await _turn.WaitAsync(cancellation);
        try
        {
            foreach (var (container, address) in found)
            {
                if (address is not null)
                    _healthy[Key(container)] = address;
            }
        }
        finally
        {
            _turn.Release();
        }

        return (await TellOfHealthyAsync(evenIfUntried: true, cancellation)).Count == 0;
    }

    /// <returns>The instances that run and were not seen to be healthy yet.</returns>
    private async Task<IReadOnlyList<Container>> TellOfHealthyAsync(bool evenIfUntried, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var all = await _containers.ListAsync(cancellation);
            foreach (var gone in _healthy.Keys.Except(all.Select(Key)).ToList())
                _healthy.Remove(gone);
            if (AppContainers.Serving(all) is not { } release)
                return [];
            var serving = all.Where(container => AppContainers.ReleaseOf(container) == release).ToList();
            // A deployer that was killed in the middle of the decision has decided.
            foreach (var undecided in serving.Where(container => !container.IsKeptRunning && ProcessOf(container) != AppContainers.ReleaseCommand))
                await _services.Engine.KeepContainerRunningAsync(undecided.Id, cancellation);

            var running = serving.Where(container => ProcessOf(container) == ProcessType.Web && container.State.Running)
                .OrderBy(container => container.Name, StringComparer.Ordinal).ToLookup(container => _healthy.ContainsKey(Key(container)));
            var untried = running[false].ToList();
            if (untried.Count > 0 && !evenIfUntried)
                return untried;
            await TellAsync(AppContainers.LabelOf(serving[0], ImageLabels.AppName)!, release, [.. running[true].Select(container => _healthy[Key(container)])], cancellation);
            await EndOthersAsync(all, release, cancellation);
            return untried;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task TellAsync(string app, int release, IReadOnlyList<Uri> addresses, CancellationToken cancellation)
    {
        if (_told is { } told && told.Release == release && told.Addresses.SequenceEqual(addresses))
            return;
        await _services.Router.SwitchAsync(_appId, app, release, addresses, cancellation);
        _told = (release, addresses);
    }

    /// <summary>What is newer than the release that serves belongs to a deployment under way.</summary>
    private Task EndOthersAsync(IEnumerable<Container> containers, int release, CancellationToken cancellation) =>
        _containers.EndAsync(containers.Where(container => AppContainers.ReleaseOf(container) < release), _services.Options.Value.StopGrace, cancellation);

    private async Task<(Container Container, Uri? Address)> ProbeAsync(Container container, CancellationToken cancellation)
    {
        var app = AppContainers.LabelOf(container, ImageLabels.AppName)!;
        using var instance = new ContainerInstance(_services.Engine, container, null, _services.Options.Value);
        if (instance.ReachedAt is null)
            return (container, null);
        var health = new HealthCheck { Path = AppContainers.LabelOf(container, ImageLabels.Health) ?? "/" };
        try
        {
            return (container, await _services.Probe.WaitUntilAnsweringAsync(
                instance, container.Name.TrimStart('/'), _services.HostOf(app), health, _ => { }, cancellation));
        }
        catch (StepFailedException failure)
        {
            Log.NotHealthy(_services.Logger, app, failure.Message);
            return (container, null);
        }
    }

    private static (string Id, DateTimeOffset StartedAt) Key(Container container) => (container.Id, container.State.StartedAt);

    private static string? ProcessOf(Container container) => AppContainers.LabelOf(container, ImageLabels.Process);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The router was not told where app {AppId} is; next try in {Delay}")]
        public static partial void NotTold(ILogger logger, Exception exception, Guid appId, TimeSpan delay);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The router has a newer release of app {AppId} than this engine")]
        public static partial void Refused(ILogger logger, Exception exception, Guid appId);

        [LoggerMessage(Level = LogLevel.Warning, Message = "An instance of {App} gets no requests: {Problem}")]
        public static partial void NotHealthy(ILogger logger, string app, string problem);
    }
}
