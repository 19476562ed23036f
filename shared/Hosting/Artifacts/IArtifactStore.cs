namespace Paas.Hosting.Artifacts;

/// <summary>
/// Keeps sources and slugs by their content: what is stored under a digest never changes, and storing it again has
/// no effect. Big things travel through here and only their digests travel as messages.
/// </summary>
public interface IArtifactStore
{
    /// <summary>Stores what <paramref name="write"/> writes, whole or not at all.</summary>
    /// <returns>The digest: <c>sha256:</c> and 64 hex digits.</returns>
    Task<string> SaveAsync(Func<Stream, Task> write, CancellationToken cancellation);

    /// <summary>Opens an artifact for reading; the stream can seek.</summary>
    /// <exception cref="ArtifactNotFoundException">It is not in the store.</exception>
    Task<Stream> OpenAsync(string digest, CancellationToken cancellation);
}

/// <summary>An artifact that ought to be in the store is not there.</summary>
public sealed class ArtifactNotFoundException(string digest)
    : Exception($"The artifact {digest} is not in the artifact store. It may have been cleaned up; deploy the commit again to make it anew.");
