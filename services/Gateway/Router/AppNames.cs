using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Paas.Gateway.Http;
using Paas.Persistence;

namespace Paas.Gateway.Router;

/// <summary>Tells an app without a release from one that is not there, at most one query a second.</summary>
internal sealed class AppNames
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _clock;
    private readonly SharedLoad<Snapshot> _load;
    private volatile Snapshot _snapshot = new(FrozenSet<string>.Empty, DateTimeOffset.MinValue);

    public AppNames(IServiceScopeFactory scopes, TimeProvider clock)
    {
        (_scopes, _clock) = (scopes, clock);
        _load = new SharedLoad<Snapshot>(LoadAsync);
    }

    public async Task<bool> ContainsAsync(string app, CancellationToken cancellation)
    {
        var snapshot = _snapshot;
        if (_clock.GetUtcNow() - snapshot.LoadedAt >= MaxAge)
            snapshot = await _load.GetAsync(cancellation);
        return snapshot.Names.Contains(app);
    }

    private async Task<Snapshot> LoadAsync()
    {
        await using var scope = _scopes.CreateAsyncScope();
        var names = await scope.ServiceProvider.GetRequiredService<PaasDbContext>().Apps.Select(x => x.Name).ToListAsync();
        return _snapshot = new Snapshot(names.ToFrozenSet(StringComparer.OrdinalIgnoreCase), _clock.GetUtcNow());
    }

    private sealed record Snapshot(FrozenSet<string> Names, DateTimeOffset LoadedAt);
}
