using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Paas.Persistence;

namespace Paas.Gateway.Router;

/// <summary>Tells an app without a release from one that is not there, at most one query a second.</summary>
internal sealed class AppNames(IServiceScopeFactory scopes, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _loading = new(1);
    private volatile FrozenSet<string> _names = FrozenSet<string>.Empty;
    private DateTimeOffset _loadedAt = DateTimeOffset.MinValue;

    public async Task<bool> ContainsAsync(string app, CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation);
        try
        {
            if (clock.GetUtcNow() - _loadedAt >= MaxAge)
            {
                await using var scope = scopes.CreateAsyncScope();
                var names = await scope.ServiceProvider.GetRequiredService<PaasDbContext>().Apps.Select(x => x.Name).ToListAsync(cancellation);
                _names = names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
                _loadedAt = clock.GetUtcNow();
            }

            return _names.Contains(app);
        }
        finally
        {
            _loading.Release();
        }
    }

    public void Dispose() => _loading.Dispose();
}
