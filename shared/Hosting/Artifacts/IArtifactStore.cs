namespace Paas.Hosting.Artifacts;

/// <summary>
/// Keeps sources and slugs by their content: what is stored under a digest never changes, and storing it again only
/// renews the time at which it was saved. Big things travel through here and only their digests travel as messages.
/// </summary>
public interface IArtifactStore
{
    /// <summary>Stores what <paramref name="write"/> writes, whole or not at all.</summary>
    /// <returns>The digest: <c>sha256:</c> and 64 hex digits.</returns>
    Task<string> SaveAsync(Func<Stream, Task> write, CancellationToken cancellation);

    /// <summary>Opens an artifact for reading; the stream can seek.</summary>
    /// <exception cref="ArtifactNotFoundException">It is not in the store.</exception>
    Task<Stream> OpenAsync(string digest, CancellationToken cancellation);

    /// <summary>
    /// Counts as saving an artifact again. Whoever answers with a digest of something it has not just saved calls
    /// this first: what was saved long ago may be about to be removed.
    /// </summary>
    /// <returns>Its size in bytes.</returns>
    /// <exception cref="ArtifactNotFoundException">It is not in the store.</exception>
    Task<long> RenewAsync(string digest, CancellationToken cancellation);

    /// <summary>The size of an artifact in bytes, without counting as saving it again; null if it is not in the store.</summary>
    Task<long?> FindSizeAsync(string digest, CancellationToken cancellation);

    /// <summary>Lists what is in the store, in no order. An artifact saved several times may be listed several times.</summary>
    IAsyncEnumerable<StoredArtifact> ListAsync(CancellationToken cancellation);

    /// <summary>Removes an artifact as it was listed: if it was saved again since then, it stays.</summary>
    /// <returns>Its size in bytes; null if there was nothing to remove.</returns>
    /// <exception cref="ArtifactDeletionRefusedException">The store does not let anything be removed.</exception>
    Task<long?> DeleteAsync(StoredArtifact artifact, CancellationToken cancellation);

    /// <summary>Removes what saves that were cut short have left behind, if it was last written to before a time.</summary>
    Task RemoveLeftoversAsync(DateTimeOffset before, CancellationToken cancellation);
}

/// <summary>An artifact, and when it was saved; the time may be up to an hour too late, never too early.</summary>
public sealed record StoredArtifact(string Digest, DateTimeOffset SavedAt);

/// <summary>An artifact that ought to be in the store is not there.</summary>
public sealed class ArtifactNotFoundException(string digest)
    : Exception($"The artifact {digest} is not in the artifact store. It may have been cleaned up; deploy the commit again to make it anew.");

/// <summary>The artifact store can't be used at the moment; the message says why.</summary>
public sealed class ArtifactStoreException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether a registry does not let the platform in, or not do this: trying again mends nothing.</summary>
    public bool IsRefusal { get; init; }
}

/// <summary>The artifact store does not let anything be removed; the message says what would have to change.</summary>
public sealed class ArtifactDeletionRefusedException(string message) : Exception(message);
