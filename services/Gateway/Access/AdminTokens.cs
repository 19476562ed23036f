using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Paas.Hosting;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Access;

/// <summary>The operator's token.</summary>
public sealed class AdminTokens
{
    public const string Name = "admin";
    private readonly PaasDbContext _db;
    private readonly AccessTokens _tokens;
    private readonly PaasOptions _options;
    private readonly TimeProvider _clock;

    internal AdminTokens(PaasDbContext db, AccessTokens tokens, IOptions<PaasOptions> options, TimeProvider clock) =>
        (_db, _tokens, _options, _clock) = (db, tokens, options.Value, clock);

    /// <summary>
    /// Sees to it that there is one. With <c>Paas:AdminToken</c> it is that one, and whichever was the operator's before
    /// is not any more; without, one is made if there is none.
    /// </summary>
    /// <returns>The token if it was made: the only time that it can be shown.</returns>
    public async Task<string?> EnsureAsync(CancellationToken cancellation)
    {
        await using var transaction = await _db.Database.BeginTransactionAsync(cancellation);
        // Two gateways that start at the same time must not each make one.
        await _db.LockAsync(Name, cancellation);
        var known = await _db.AccessTokens.Where(token => token.Name == Name).ToListAsync(cancellation);
        string? made = null;
        if (_options.AdminToken is { } given)
        {
            var hash = AccessTokens.Hash(given);
            _db.AccessTokens.RemoveRange(known.Where(token => token.Hash != hash));
            if (known.All(token => token.Hash != hash))
                Add(hash);
        }
        else if (known.Count == 0)
        {
            made = "paas_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
            Add(AccessTokens.Hash(made));
        }

        await _db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        _tokens.Forget();
        return made;
    }

    private void Add(string hash) => _db.AccessTokens.Add(new AccessToken { Hash = hash, Name = Name, CreatedAt = _clock.GetUtcNow().UtcDateTime });
}

/// <summary>Sees to the operator's token before the gateway listens.</summary>
internal sealed class OperatorToken(IServiceScopeFactory scopes) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        if (await scope.ServiceProvider.GetRequiredService<AdminTokens>().EnsureAsync(cancellationToken) is { } token)
            Console.WriteLine(GatewayTexts.AdminTokenMade(token));
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
