using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Route = Paas.Persistence.Entities.Route;

namespace Paas.Gateway.Router;

/// <summary>Changes routes, in the database and in the router's memory, in the same order.</summary>
internal sealed class RouteSwitch(IServiceScopeFactory scopes, RouteTable routes, TimeProvider clock) : IHostedService, IDisposable
{
    private static readonly TimeSpan MaxDrainTimeout = TimeSpan.FromMinutes(10);
    private readonly SemaphoreSlim _oneAtATime = new(1);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var stored = await scope.ServiceProvider.GetRequiredService<PaasDbContext>().Routes.AsNoTracking().ToListAsync(cancellationToken);
            foreach (var route in stored)
                _ = routes.Put(route.AppId, route.App, route.Release, route.Instances);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <returns>Whether the switch was accepted, once the requests on the old instances have ended or had their time.</returns>
    public async Task<bool> SwitchAsync(SwitchRoute message, CancellationToken cancellation)
    {
        foreach (var url in message.Instances)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
                throw new ArgumentException($"'{url}' is not the base URL of an instance.", nameof(message));
        }

        Task drained;
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            if (await StoreAsync(message, cancellation) is not { } put)
                return false;
            drained = put;
        }
        finally
        {
            _oneAtATime.Release();
        }

        var timeout = message.DrainTimeout < TimeSpan.Zero ? TimeSpan.Zero : message.DrainTimeout < MaxDrainTimeout ? message.DrainTimeout : MaxDrainTimeout;
        await Task.WhenAny(drained, Task.Delay(timeout, clock, cancellation));
        cancellation.ThrowIfCancellationRequested();
        return true;
    }

    /// <summary>Does what takes an app away, and its route with it, while no switch can bring the route back.</summary>
    public async Task RemoveAsync(Guid appId, Func<Task> removeApp, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            await removeApp();
            _ = routes.Remove(appId);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<Task?> StoreAsync(SwitchRoute message, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var app = await db.LockAppAsync(message.AppId, cancellation);
        var route = await db.Routes.SingleOrDefaultAsync(x => x.AppId == message.AppId, cancellation);
        if (route?.Release > message.Release || (app is null && message.Instances.Count > 0))
            return null;
        if (app is null)
        {
            if (route is not null)
                db.Routes.Remove(route);
            await db.SaveChangesAsync(cancellation);
            await transaction.CommitAsync(cancellation);
            return routes.Remove(message.AppId);
        }

        // An app that is there keeps its row, if only for the number: an older release must not come back.
        if (route is null)
            db.Routes.Add(route = new Route { AppId = app.Id, App = app.Name });
        route.Release = message.Release;
        route.Instances = [.. message.Instances];
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return routes.Put(app.Id, app.Name, message.Release, message.Instances);
    }
}

internal static class AppLocks
{
    /// <summary>As <see cref="RowLocks"/>: the app is neither removed nor switched by anybody else until the transaction ends.</summary>
    public static Task<App?> LockAppAsync(this PaasDbContext db, Guid id, CancellationToken cancellation) =>
        db.Database.IsNpgsql()
            ? db.Apps.FromSql($"SELECT * FROM apps WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellation)
            : db.Apps.SingleOrDefaultAsync(x => x.Id == id, cancellation);
}
