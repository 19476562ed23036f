using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Paas.Persistence;

namespace Paas.Gateway.Access;

/// <summary>
/// Whom a bearer token stands for. All tokens' hashes are kept in memory for a short time, so that neither callers
/// nor strangers cost a query each.
/// </summary>
internal sealed class AccessTokens(IServiceScopeFactory scopes, TimeProvider clock, LocalAccess? local = null) : IDisposable
{
    private const int MaxLength = 500;

    /// <summary>How long a token that was taken away still works.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    /// <summary>How long a token that was just added may be unknown.</summary>
    private static readonly TimeSpan MinAge = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _loading = new(1);
    private volatile Snapshot _snapshot = new(FrozenDictionary<string, string>.Empty, DateTimeOffset.MinValue);

    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <returns>Null if there is no such token.</returns>
    public async ValueTask<string?> FindNameAsync(string token, CancellationToken cancellation)
    {
        if (token.Length is 0 or > MaxLength)
            return null;
        if (local?.Matches(token) == true)
            return LocalAccess.Name;
        var hash = Hash(token);
        var name = _snapshot.Names.GetValueOrDefault(hash);
        var age = clock.GetUtcNow() - _snapshot.LoadedAt;
        if (age < (name is null ? MinAge : MaxAge))
            return name;
        return (await LoadAsync(_snapshot, cancellation)).Names.GetValueOrDefault(hash);
    }

    public void Forget() => _snapshot = _snapshot with { LoadedAt = DateTimeOffset.MinValue };

    public void Dispose() => _loading.Dispose();

    private async Task<Snapshot> LoadAsync(Snapshot old, CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation);
        try
        {
            if (!ReferenceEquals(_snapshot, old))
                return _snapshot; // another request has loaded meanwhile
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
            var names = await db.AccessTokens.AsNoTracking().ToDictionaryAsync(token => token.Hash, token => token.Name, cancellation);
            return _snapshot = new Snapshot(names.ToFrozenDictionary(), clock.GetUtcNow());
        }
        finally
        {
            _loading.Release();
        }
    }

    private sealed record Snapshot(FrozenDictionary<string, string> Names, DateTimeOffset LoadedAt);
}
