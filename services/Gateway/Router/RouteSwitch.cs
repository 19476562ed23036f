using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Gateway.Http;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Route = Paas.Persistence.Entities.Route;

namespace Paas.Gateway.Router;

/// <summary>A change of a route that this gateway has followed.</summary>
internal readonly record struct FollowedChange(Guid AppId, long Version, Task Drained);

/// <summary>
/// Changes routes, in the database and in the router's memory, in the same order. The database is the truth: what
/// other gateways change is read from there.
/// </summary>
internal sealed partial class RouteSwitch(
    IServiceScopeFactory scopes, RouteTable routes, InstanceAddresses addresses, TimeProvider clock, ILogger<RouteSwitch> logger,
    OtherGateways? others = null) : IHostedService, IDisposable
{
    private static readonly TimeSpan MaxDrainTimeout = TimeSpan.FromMinutes(10);

    /// <summary>What a visitor waits for a newer route, at most.</summary>
    private static readonly TimeSpan MaxCheckTime = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim _oneAtATime = new(1);

    // All changes up to this one are in memory, and some that came before others did.
    private readonly SortedSet<long> _ahead = [];
    private long _seen;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
            _seen = await NewestVersionAsync(db, cancellationToken);
            foreach (var route in await db.Routes.AsNoTracking().ToListAsync(cancellationToken))
                _ = Put(route);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <returns>
    /// Whether the switch was accepted, once the requests on the old instances have ended, in all gateways, or have had
    /// their time.
    /// </returns>
    public async Task<RouteSwitched> SwitchAsync(SwitchRoute message, CancellationToken cancellation)
    {
        foreach (var url in message.Instances)
        {
            if (addresses.Check(url) is { } reason)
                throw new ArgumentException(reason);
        }

        if (others is not null)
            await others.KnownAsync(cancellation);
        FollowedChange change;
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            (var stored, var later) = await StoreAsync(message, cancellation);
            if (stored is null)
                return new RouteSwitched { Accepted = false, Later = later };
            change = stored.Value;
        }
        finally
        {
            _oneAtATime.Release();
        }

        var timeout = message.DrainTimeout < TimeSpan.Zero ? TimeSpan.Zero : message.DrainTimeout < MaxDrainTimeout ? message.DrainTimeout : MaxDrainTimeout;
        using var elsewhere = others?.Expect(change.AppId, change.Version);
        if (others is not null)
            await others.TellAsync(change.AppId, change.Version, cancellation);
        await Task.WhenAny(Task.WhenAll(change.Drained, elsewhere?.Drained ?? Task.CompletedTask), Task.Delay(timeout, clock, cancellation));
        cancellation.ThrowIfCancellationRequested();
        return new RouteSwitched { Accepted = true };
    }

    /// <summary>Does what takes an app away, and its route with it, while no switch can bring the route back.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="removeApp">Stores the removal, and tells its number: see <see cref="AppLocks.RemoveRouteAsync"/>.</param>
    /// <param name="cancellation">Cancels the waiting for switches under way.</param>
    public async Task RemoveAsync(Guid appId, Func<Task<long?>> removeApp, CancellationToken cancellation)
    {
        long? version;
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            version = await removeApp();
            _ = routes.Remove(appId);
            if (version is { } number)
                Saw(number);
        }
        finally
        {
            _oneAtATime.Release();
        }

        // Gateways that can't be told see it themselves, a little later.
        if (version is not null)
            others?.TryTell(appId, version.Value);
    }

    /// <summary>Follows a change that another gateway has made, by reading the route.</summary>
    /// <returns>Ends when no request is under way any more on what the route had before.</returns>
    public async Task<Task> FollowAsync(Guid appId, long version, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            var drained = routes.Find(appId) is { } known && known.Version >= version ? known.Drained : await ReadAsync(appId, cancellation);
            Saw(version);
            return drained;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Reads what has changed without this gateway having heard of it: nothing, nearly always.</summary>
    public async Task<IReadOnlyList<FollowedChange>> CatchUpAsync(CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
            // First the number: what is stored afterwards has a higher one, and is seen the next time.
            var newest = await NewestVersionAsync(db, cancellation);
            if (newest <= _seen)
                return [];
            var seen = _seen;
            var followed = new List<FollowedChange>();
            foreach (var route in await db.Routes.AsNoTracking().Where(route => route.Version > seen).ToListAsync(cancellation))
            {
                if (routes.Find(route.AppId) is not { } known || known.Version < route.Version)
                    followed.Add(Put(route));
            }

            if (await db.Routes.CountAsync(cancellation) != routes.Count)
            {
                var left = (await db.Routes.Select(route => route.AppId).ToListAsync(cancellation)).ToHashSet();
                foreach (var app in routes.Apps().Where(app => !left.Contains(app)))
                    _ = routes.Remove(app);
            }

            _seen = newest;
            _ahead.RemoveWhere(version => version <= newest);
            return followed;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Reads an app's route again: its instances do not answer, and perhaps another gateway knows why.</summary>
    public Task CheckAsync(AppRoute route) => others is null ? Task.CompletedTask : route.CheckAsync(ReadAgainAsync, clock);

    public void Dispose() => _oneAtATime.Dispose();

    private async Task ReadAgainAsync(AppRoute route)
    {
        using var timeout = new CancellationTokenSource(MaxCheckTime, clock);
        try
        {
            await _oneAtATime.WaitAsync(timeout.Token);
            try
            {
                _ = await ReadAsync(route.AppId, timeout.Token);
            }
            finally
            {
                _oneAtATime.Release();
            }
        }
        catch (Exception exception) when (ProblemHandler.IsStorageFault(exception) || timeout.IsCancellationRequested)
        {
            Log.NotChecked(logger, exception, route.App);
        }
    }

    /// <returns>A task in the task, so that the lock is not held until the requests have ended.</returns>
    private async Task<Task> ReadAsync(Guid appId, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        if (await db.Routes.AsNoTracking().SingleOrDefaultAsync(route => route.AppId == appId, cancellation) is not { } stored)
            return routes.Remove(appId);
        if (routes.Find(appId) is { } known && known.Version >= stored.Version)
            return known.Drained;
        _ = Put(stored);
        return routes.Find(appId)!.Drained;
    }

    /// <returns>No change if the route has what is newer; and the number of the later message, if it is of the same release.</returns>
    private async Task<(FollowedChange? Change, long? Later)> StoreAsync(SwitchRoute message, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var app = await db.LockAppAsync(message.AppId, cancellation);
        var route = await db.Routes.SingleOrDefaultAsync(x => x.AppId == message.AppId, cancellation);
        if (route?.Release > message.Release || (app is null && message.Instances.Count > 0))
            return (null, null);
        if (app is not null && route?.Release == message.Release && message.Sequence < route.Sequence)
            return (null, route.Sequence);
        if (app is null)
        {
            var removal = await db.RemoveRouteAsync(message.AppId, cancellation);
            await transaction.CommitAsync(cancellation);
            if (removal is { } number)
                Saw(number);
            return (new FollowedChange(message.AppId, removal ?? _seen, routes.Remove(message.AppId)), null);
        }

        // An app that is there keeps its row, if only for the number: an older release must not come back.
        if (route is null)
            db.Routes.Add(route = new Route { AppId = app.Id, App = app.Name });
        route.Release = message.Release;
        route.Sequence = message.Sequence ?? 0;
        route.Instances = [.. message.Instances];
        route.Version = await db.NextAsync(Counter.Routes, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        Saw(route.Version);
        return (Put(route), null);
    }

    private FollowedChange Put(Route route) =>
        new(route.AppId, route.Version, routes.Put(route.AppId, route.App, route.Release, route.Instances, route.Version));

    private void Saw(long version)
    {
        if (others is null || version <= _seen)
            return;
        _ahead.Add(version);
        while (_ahead.Remove(_seen + 1))
            _seen++;
    }

    private static Task<long> NewestVersionAsync(PaasDbContext db, CancellationToken cancellation) =>
        db.Counters.Where(counter => counter.Name == Counter.Routes).Select(counter => counter.Value).SingleOrDefaultAsync(cancellation);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The route of {App}, whose instances do not answer, could not be read again")]
        public static partial void NotChecked(ILogger logger, Exception exception, string app);
    }
}

internal static class AppLocks
{
    /// <summary>As <see cref="RowLocks"/>: the app is neither removed nor switched by anybody else until the transaction ends.</summary>
    public static Task<App?> LockAppAsync(this PaasDbContext db, Guid id, CancellationToken cancellation) =>
        db.Database.IsNpgsql()
            ? db.Apps.FromSql($"SELECT * FROM apps WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellation)
            : db.Apps.SingleOrDefaultAsync(x => x.Id == id, cancellation);

    /// <summary>Takes the route of an app away that is locked, or gone.</summary>
    /// <returns>The number of the change; null if there was no route.</returns>
    public static async Task<long?> RemoveRouteAsync(this PaasDbContext db, Guid appId, CancellationToken cancellation)
    {
        var removed = await db.Routes.Where(route => route.AppId == appId).ExecuteDeleteAsync(cancellation);
        return removed > 0 ? await db.NextAsync(Counter.Routes, cancellation) : null;
    }
}
