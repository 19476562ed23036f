using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Paas.Hosting.Secrets;

/// <summary>
/// Seals what must not lie about in clear, in the database and in messages, with ASP.NET Data Protection. Only
/// processes that share the key ring can open it.
/// </summary>
public sealed class SecretSealer(IDataProtectionProvider provider)
{
    private readonly IDataProtector _protector = provider.CreateProtector("Paas.Secrets.v1");

    public string Seal(string secret) => _protector.Protect(secret);

    /// <exception cref="System.Security.Cryptography.CryptographicException">Sealed with a key that is not in the key ring.</exception>
    public string Open(string @sealed) => _protector.Unprotect(@sealed);

    /// <summary>Seals a set of variables; null for an empty one.</summary>
    public string? SealAll(IReadOnlyDictionary<string, string> variables) =>
        variables.Count == 0 ? null : Seal(JsonSerializer.Serialize(variables));

    public IReadOnlyDictionary<string, string> OpenAll(string? @sealed) =>
        @sealed is null ? new Dictionary<string, string>() : JsonSerializer.Deserialize<Dictionary<string, string>>(Open(@sealed))!;
}
