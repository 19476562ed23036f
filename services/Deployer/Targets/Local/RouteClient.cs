using MassTransit;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Deployer.Targets.Local;

/// <summary>The router has a newer release of the app than the one it was to switch to.</summary>
internal sealed class RouteRefusedException(string app, int release)
    : Exception($"The router refused release v{release} of {app}: it has a newer one.");

/// <summary>Tells the router where an app's instances are, and waits until it has done so.</summary>
internal sealed class RouteClient(IBusControl bus, IOptions<DeployerOptions> options)
{
    // Newer than every release: once an app is removed no late message brings its route back.
    private const int Removed = int.MaxValue;

    /// <exception cref="RouteRefusedException">The router has a newer release.</exception>
    /// <exception cref="RequestTimeoutException">The router did not answer: whether it has switched is not known.</exception>
    public async Task SwitchAsync(CurrentRelease release, IReadOnlyList<Uri> instances, CancellationToken cancellation)
    {
        var accepted = await AskAsync(release.AppId, release.App, release.Release, instances, options.Value.DrainTimeout, cancellation);
        if (!accepted)
            throw new RouteRefusedException(release.App, release.Release);
    }

    /// <summary>Takes an app's route away for good.</summary>
    public Task RemoveAsync(Guid appId, string app, CancellationToken cancellation) =>
        AskAsync(appId, app, Removed, [], TimeSpan.Zero, cancellation);

    private async Task<bool> AskAsync(
        Guid appId, string app, int release, IReadOnlyList<Uri> instances, TimeSpan drain, CancellationToken cancellation)
    {
        // Before the bus has started a request would be lost, and its answer waited for in vain.
        await bus.WaitForHealthStatus(BusHealthStatus.Healthy, cancellation);
        var client = bus.CreateRequestClient<SwitchRoute>(Endpoints.Route, RequestTimeout.After(ms: (int)(drain + options.Value.RouterTimeout).TotalMilliseconds));
        var response = await client.GetResponse<RouteSwitched>(new SwitchRoute
        {
            AppId = appId,
            App = app,
            Release = release,
            Instances = [.. instances.Select(instance => instance.GetLeftPart(UriPartial.Authority))],
            DrainTimeout = drain,
        }, cancellation);
        return response.Message.Accepted;
    }
}
