namespace Paas.Persistence.Entities;

/// <summary>A bearer token, of which only the hash is kept.</summary>
public sealed class AccessToken
{
    /// <summary>SHA-256 of the token, in lower-case hex. Tokens are random, so no salt is needed.</summary>
    public required string Hash { get; set; }

    /// <summary>Whom it stands for, in logs and records.</summary>
    public required string Name { get; set; }

    public DateTime CreatedAt { get; set; }
}
