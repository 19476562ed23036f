using System.Collections.Immutable;

namespace Paas.Gateway.Router;

/// <summary>All routes, read without a lock by every request. Changed by one at a time: see <see cref="RouteSwitch"/>.</summary>
internal sealed class RouteTable
{
    private ImmutableDictionary<string, AppRoute> _routes = ImmutableDictionary.Create<string, AppRoute>(StringComparer.OrdinalIgnoreCase);

    public AppRoute? Find(string app) => Volatile.Read(ref _routes).GetValueOrDefault(app);

    /// <summary>Replaces an app's route. Instances that stay in it keep the requests they have.</summary>
    /// <returns>Ends when no request is under way any more on an instance that is out of the route.</returns>
    public Task Put(Guid appId, string app, int release, IReadOnlyList<string> instances)
    {
        var old = Find(app);
        var route = new AppRoute(appId, app, release,
            [.. instances.Distinct().Select(url => old?.Instances.FirstOrDefault(instance => instance.Url == url) ?? new Instance(url))]);
        Volatile.Write(ref _routes, _routes.SetItem(app, route));
        return Retire(old, route.Instances);
    }

    public Task Remove(Guid appId)
    {
        var old = _routes.Values.FirstOrDefault(route => route.AppId == appId);
        if (old is null)
            return Task.CompletedTask;
        Volatile.Write(ref _routes, _routes.Remove(old.App));
        return Retire(old, []);
    }

    /// <summary>Only now, when the new table is there: whoever is turned away finds it.</summary>
    private static Task Retire(AppRoute? old, IReadOnlyList<Instance> kept) => old is null
        ? Task.CompletedTask
        : Task.WhenAll(old.Instances.Where(instance => !kept.Contains(instance)).Select(instance => instance.Retire()));
}
