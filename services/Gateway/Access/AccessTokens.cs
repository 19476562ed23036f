using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Paas.Gateway.Http;
using Paas.Persistence;

namespace Paas.Gateway.Access;

/// <summary>
/// Whom a bearer token stands for. All tokens' hashes are kept in memory for a short time, so that neither callers
/// nor strangers cost a query each.
/// </summary>
internal sealed class AccessTokens
{
    private const int MaxLength = 500;

    /// <summary>How long a token that was taken away still works.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    /// <summary>How long a token that was just added may be unknown.</summary>
    private static readonly TimeSpan MinAge = TimeSpan.FromSeconds(1);

    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _clock;
    private readonly LocalAccess? _local;
    private readonly SharedLoad<Snapshot> _load;
    private volatile Snapshot _snapshot = new(FrozenDictionary<string, string>.Empty, DateTimeOffset.MinValue);

    public AccessTokens(IServiceScopeFactory scopes, TimeProvider clock, LocalAccess? local = null)
    {
        (_scopes, _clock, _local) = (scopes, clock, local);
        _load = new SharedLoad<Snapshot>(LoadAsync);
    }

    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <returns>Null if there is no such token.</returns>
    public async ValueTask<string?> FindNameAsync(string token, CancellationToken cancellation)
    {
        if (token.Length is 0 or > MaxLength)
            return null;
        if (_local?.Matches(token) == true)
            return LocalAccess.Name;
        var hash = Hash(token);
        var name = _snapshot.Names.GetValueOrDefault(hash);
        var age = _clock.GetUtcNow() - _snapshot.LoadedAt;
        if (age < (name is null ? MinAge : MaxAge))
            return name;
        return (await _load.GetAsync(cancellation)).Names.GetValueOrDefault(hash);
    }

    public void Forget() => _snapshot = _snapshot with { LoadedAt = DateTimeOffset.MinValue };

    private async Task<Snapshot> LoadAsync()
    {
        await using var scope = _scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        var names = await db.AccessTokens.AsNoTracking().ToDictionaryAsync(token => token.Hash, token => token.Name);
        return _snapshot = new Snapshot(names.ToFrozenDictionary(), _clock.GetUtcNow());
    }

    private sealed record Snapshot(FrozenDictionary<string, string> Names, DateTimeOffset LoadedAt);
}
