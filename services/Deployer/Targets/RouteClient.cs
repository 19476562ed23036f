using MassTransit;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Deployer.Targets;

/// <summary>The router has a newer release of the app than the one it was to switch to.</summary>
internal sealed class RouteRefusedException(string app, int release)
    : Exception(DeployerTexts.RouteRefused(app, release));

/// <summary>Tells the router where an app's instances are, and waits until it has done so.</summary>
internal sealed class RouteClient(IBusControl bus, IOptions<DeployerOptions> options, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long _sequence;

    // Newer than every release: once an app is removed no late message brings its route back.
    private const int Removed = int.MaxValue;

    /// <exception cref="RouteRefusedException">The router has a newer release.</exception>
    /// <exception cref="TimeoutException">The router did not answer: whether it has switched is not known.</exception>
    public async Task SwitchAsync(Guid appId, string app, int release, IReadOnlyList<Uri> instances, CancellationToken cancellation)
    {
        var answer = await AskAsync(appId, app, release, instances, options.Value.DrainTimeout, cancellation);
        // Only one deployer tells of an app: what is later was sent by the clock of one before, which was ahead.
        if (answer is { Accepted: false, Later: { } later })
        {
            Pass(later);
            answer = await AskAsync(appId, app, release, instances, options.Value.DrainTimeout, cancellation);
        }

        if (!answer.Accepted)
            throw new RouteRefusedException(app, release);
    }

    /// <summary>Takes an app's route away for good.</summary>
    public Task RemoveAsync(Guid appId, string app, CancellationToken cancellation) =>
        AskAsync(appId, app, Removed, [], TimeSpan.Zero, cancellation);

    private async Task<RouteSwitched> AskAsync(
        Guid appId, string app, int release, IReadOnlyList<Uri> instances, TimeSpan drain, CancellationToken cancellation)
    {
        await WaitForBusAsync(cancellation);
        var timeout = drain + options.Value.RouterTimeout;
        var question = new SwitchRoute
        {
            AppId = appId,
            App = app,
            Release = release,
            Sequence = Next(),
            Instances = [.. instances.Select(instance => instance.GetLeftPart(UriPartial.Authority))],
            DrainTimeout = drain,
        };
        try
        {
            return await bus.AskAsync<SwitchRoute, RouteSwitched>(Endpoints.Route, question, timeout, cancellation);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException(DeployerTexts.RouterSilent(app, timeout), exception);
        }
    }

    /// <summary>Higher than any before, also of a deployer before this one.</summary>
    private long Next()
    {
        lock (_lock)
            return _sequence = Math.Max(_sequence + 1, clock.GetUtcNow().Ticks);
    }

    private void Pass(long sequence)
    {
        lock (_lock)
            _sequence = Math.Max(_sequence, sequence);
    }

    /// <summary>Before the bus has started a request would be lost, and its answer waited for in vain.</summary>
    private async Task WaitForBusAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.Value.RouterTimeout);
        try
        {
            await bus.WaitForHealthStatus(BusHealthStatus.Healthy, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Some other endpoint may be ill; the request finds out about the router's.
        }
    }
}
