using System.Collections.Immutable;

namespace Paas.Gateway.Router;

/// <summary>All routes, read without a lock by every request. Changed by one at a time: see <see cref="RouteSwitch"/>.</summary>
internal sealed class RouteTable
{
    private readonly Dictionary<Guid, AppRoute> _byId = [];
    private ImmutableDictionary<string, AppRoute> _routes = ImmutableDictionary.Create<string, AppRoute>(StringComparer.OrdinalIgnoreCase);

    /// <summary>For whoever changes routes.</summary>
    public int Count => _byId.Count;

    public AppRoute? Find(string app) => Volatile.Read(ref _routes).GetValueOrDefault(app);

    /// <summary>For whoever changes routes.</summary>
    public AppRoute? Find(Guid appId) => _byId.GetValueOrDefault(appId);

    /// <summary>Replaces an app's route. Instances that stay in it keep the requests they have.</summary>
    /// <returns>Ends when no request is under way any more on an instance that is out of the route.</returns>
    public Task Put(Guid appId, string app, int release, IReadOnlyList<string> instances, long version = 0)
    {
        var old = Find(app);
        if (old is not null && old.AppId != appId)
            _byId.Remove(old.AppId); // removed, and another one has its name
        var route = new AppRoute(appId, app, release,
            [.. instances.Distinct().Select(url => old?.Instances.FirstOrDefault(instance => instance.Url == url) ?? new Instance(url))], version);
        Volatile.Write(ref _routes, _routes.SetItem(app, route));
        _byId[appId] = route;
        var drained = Retire(old, route.Instances);
        route.Drained = old is null || old.Drained.IsCompleted ? drained : Task.WhenAll(old.Drained, drained);
        return drained;
    }

    public Task Remove(Guid appId)
    {
        if (!_byId.Remove(appId, out var old))
            return Task.CompletedTask;
        Volatile.Write(ref _routes, _routes.Remove(old.App));
        return Retire(old, []);
    }

    /// <returns>The apps of all routes, for whoever changes them.</returns>
    public IReadOnlyList<Guid> Apps() => [.. _byId.Keys];

    /// <summary>Only now, when the new table is there: whoever is turned away finds it.</summary>
    private static Task Retire(AppRoute? old, IReadOnlyList<Instance> kept) => old is null
        ? Task.CompletedTask
        : Task.WhenAll(old.Instances.Where(instance => !kept.Contains(instance)).Select(instance => instance.Retire()));
}
