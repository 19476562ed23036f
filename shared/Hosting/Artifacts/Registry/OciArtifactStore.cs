using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Paas.Hosting.Artifacts.Registry;

/// <summary>
/// An artifact store in an OCI registry, for services on different hosts: each artifact is a blob, kept by a
/// manifest. What is read or written also stays in a folder of this machine for a while.
/// </summary>
public sealed partial class OciArtifactStore : IArtifactStore, IDisposable
{
    private const long ChunkBytes = 32L << 20;
    private const int BufferSize = 128 * 1024;
    private const int PageSize = 1_000;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ChunkTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(10);

    private readonly RegistryAddress _registry;
    private readonly RegistryClient _client;
    private readonly ArtifactCache _cache;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;

    public OciArtifactStore(ArtifactsOptions options, string cacheFolder, TimeProvider clock, ILogger<OciArtifactStore> logger)
        : this(options, cacheFolder, clock, logger, handler: null)
    {
    }

    internal OciArtifactStore(ArtifactsOptions options, string cacheFolder, TimeProvider clock, ILogger logger, HttpMessageHandler? handler)
    {
        _registry = RegistryAddress.TryParse(options.Registry ?? "", out var address, out var problem) ? address : throw new ArgumentException(problem, nameof(options));
        _client = new RegistryClient(address, options.RegistryUsername, options.RegistryPassword, clock, handler);
        _cache = new ArtifactCache(cacheFolder, options.CacheBytes, clock);
        _clock = clock;
        _logger = logger;
    }

    public async Task<string> SaveAsync(Func<Stream, Task> write, CancellationToken cancellation)
    {
        // By way of a file: only what is whole has a digest, by which the registry tells whether it has it already.
        var file = _cache.NewFile();
        try
        {
            var hash = await HashedFile.WriteAsync(file, write, flushToDisk: false, cancellation);
            var digest = ArtifactDigest.Of(hash);
            await using var content = HashedFile.Open(file);
            if (await FindBlobAsync(digest, cancellation) is null)
                await UploadAsync(content, digest, cancellation);
            await KeepAsync(digest, content.Length, cancellation);
            await using var cached = _cache.Add(file, hash);
            return digest;
        }
        finally
        {
            File.Delete(file);
        }
    }

    public async Task<Stream> OpenAsync(string digest, CancellationToken cancellation)
    {
        var hash = ArtifactDigest.HashOf(digest);
        if (await _cache.OpenAsync(hash, cancellation) is { } cached)
            return cached;
        var file = _cache.NewFile();
        try
        {
            var received = await HashedFile.WriteAsync(file, stream => DownloadAsync(digest, stream, cancellation), flushToDisk: false, cancellation);
            return received == hash ? _cache.Add(file, hash) : throw new ArtifactStoreException(ArtifactTexts.WrongContent(_registry, digest));
        }
        finally
        {
            File.Delete(file);
        }
    }

    public async Task<long> RenewAsync(string digest, CancellationToken cancellation)
    {
        ArtifactDigest.HashOf(digest);
        var bytes = await FindBlobAsync(digest, cancellation) ?? throw new ArtifactNotFoundException(digest);
        await KeepAsync(digest, bytes, cancellation);
        return bytes;
    }

    public Task<long?> FindSizeAsync(string digest, CancellationToken cancellation)
    {
        ArtifactDigest.HashOf(digest);
        return FindBlobAsync(digest, cancellation);
    }

    public async IAsyncEnumerable<StoredArtifact> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        const string What = "list the artifacts";
        var next = _client.In($"tags/list?n={PageSize}");
        while (next is not null)
        {
            TagList page;
            using (var response = await _client.AskAsync(HttpMethod.Get, next, What, AnswerTimeout, null, cancellation))
            {
                if (response.StatusCode == HttpStatusCode.NotFound)
                    yield break; // nothing was ever saved
                if (!response.IsSuccessStatusCode)
                    throw await _client.ExplainAsync(response, What, cancellation);
                page = await _client.ReadAsync<TagList>(response, What, cancellation);
                next = NextPage(response);
            }

            foreach (var artifact in (page.Tags ?? []).Select(ArtifactManifest.FromTag).OfType<StoredArtifact>())
                yield return artifact;
        }
    }

    public async Task<long?> DeleteAsync(StoredArtifact artifact, CancellationToken cancellation)
    {
        const string Read = "read an artifact's manifest";
        const string Remove = "remove an artifact";
        byte[] manifest;
        using (var response = await _client.AskAsync(HttpMethod.Get, _client.In($"manifests/{ArtifactManifest.Tag(artifact)}"), Read, AnswerTimeout,
            request => request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(ArtifactManifest.MediaType)), cancellation))
        {
            if (response.StatusCode == HttpStatusCode.NotFound)
                return null;
            if (!response.IsSuccessStatusCode)
                throw await _client.ExplainAsync(response, Read, cancellation);
            manifest = await response.Content.ReadAsByteArrayAsync(cancellation);
        }

        using var answer = await _client.SendAsync(
            HttpMethod.Delete, _client.In($"manifests/{ArtifactManifest.DigestOf(manifest)}"), Remove, AnswerTimeout, null, cancellation);
        return answer.StatusCode switch
        {
            HttpStatusCode.NotFound => null,
            HttpStatusCode.MethodNotAllowed or HttpStatusCode.Forbidden =>
                throw new ArtifactDeletionRefusedException(ArtifactTexts.DeletionRefused(_registry, answer.StatusCode)),
            _ when answer.IsSuccessStatusCode => ArtifactManifest.SizeIn(manifest) ?? 0,
            _ => throw await _client.ExplainAsync(answer, Remove, cancellation),
        };
    }

    /// <summary>Uploads that were cut short are the registry's to forget, which it does after some days; the cache sees to its own.</summary>
    public Task RemoveLeftoversAsync(DateTimeOffset before, CancellationToken cancellation) => Task.CompletedTask;

    public void Dispose() => _client.Dispose();

    /// <summary>The size of a blob; null if it is not there.</summary>
    private async Task<long?> FindBlobAsync(string digest, CancellationToken cancellation)
    {
        const string What = "look for an artifact";
        using var response = await _client.AskAsync(HttpMethod.Head, _client.In($"blobs/{digest}"), What, AnswerTimeout, null, cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        if (!response.IsSuccessStatusCode)
            throw await _client.ExplainAsync(response, What, cancellation);
        return response.Content.Headers.ContentLength ?? throw new ArtifactStoreException(ArtifactTexts.NotARegistry(_registry, "it does not tell the size of a blob"));
    }

    /// <summary>Writes the manifest that keeps a blob, and so renews the time at which it was saved.</summary>
    private async Task KeepAsync(string digest, long bytes, CancellationToken cancellation)
    {
        const string What = "store a manifest";
        if (await FindBlobAsync(ArtifactManifest.ConfigDigest, cancellation) is null)
            await UploadConfigAsync(cancellation);
        var artifact = new StoredArtifact(digest, ArtifactManifest.HourOf(_clock.GetUtcNow()));
        var manifest = ArtifactManifest.Write(artifact, bytes);
        using var response = await _client.AskAsync(HttpMethod.Put, _client.In($"manifests/{ArtifactManifest.Tag(artifact)}"), What, AnswerTimeout,
            request => request.Content = new ByteArrayContent(manifest) { Headers = { ContentType = new(ArtifactManifest.MediaType) } }, cancellation);
        if (!response.IsSuccessStatusCode)
            throw await _client.ExplainAsync(response, What, cancellation);
    }

    private async Task UploadConfigAsync(CancellationToken cancellation)
    {
        var file = _cache.NewFile();
        try
        {
            await File.WriteAllBytesAsync(file, ArtifactManifest.Config, cancellation);
            await using var content = HashedFile.Open(file);
            await UploadAsync(content, ArtifactManifest.ConfigDigest, cancellation);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Uploads a blob in parts: no proxy on the way has to take it at once. One that fails is canceled.</summary>
    private async Task UploadAsync(FileStream content, string digest, CancellationToken cancellation)
    {
        const string What = "take an artifact";
        Uri upload;
        long chunk;
        using (var response = await _client.SendAsync(HttpMethod.Post, _client.In("blobs/uploads/"), What, AnswerTimeout,
            request => request.Content = new ByteArrayContent([]), cancellation))
        {
            upload = await NextAddressAsync(response, What, cancellation);
            chunk = response.Headers.TryGetValues("OCI-Chunk-Min-Length", out var values) && long.TryParse(values.First(), out var min) ? Math.Max(min, ChunkBytes) : ChunkBytes;
        }

        try
        {
            for (var sent = 0L; sent < content.Length; sent += chunk)
            {
                var (from, length) = (sent, Math.Min(chunk, content.Length - sent));
                using var response = await _client.SendAsync(HttpMethod.Patch, upload, What, ChunkTimeout, request =>
                {
                    request.Content = new FileSlice(content.SafeFileHandle, from, length) { Headers = { ContentType = new("application/octet-stream") } };
                    request.Content.Headers.TryAddWithoutValidation("Content-Range", $"{from}-{from + length - 1}");
                }, cancellation);
                upload = await NextAddressAsync(response, What, cancellation);
            }

            var last = new UriBuilder(upload);
            last.Query = $"{(last.Query.Length > 1 ? last.Query + "&" : "?")}digest={Uri.EscapeDataString(digest)}";
            using var end = await _client.SendAsync(HttpMethod.Put, last.Uri, What, ChunkTimeout, request => request.Content = new ByteArrayContent([]), cancellation);
            if (!end.IsSuccessStatusCode)
                throw await _client.ExplainAsync(end, What, cancellation);
        }
        catch
        {
            await CancelAsync(upload);
            throw;
        }
    }

    private async Task<Uri> NextAddressAsync(HttpResponseMessage response, string what, CancellationToken cancellation)
    {
        if (!response.IsSuccessStatusCode)
            throw await _client.ExplainAsync(response, what, cancellation);
        return response.Headers.Location is { } location
            ? _client.Resolve(location)
            : throw new ArtifactStoreException(ArtifactTexts.NotARegistry(_registry, $"asked to {what}, it does not say where"));
    }

    private async Task CancelAsync(Uri upload)
    {
        try
        {
            using var response = await _client.SendAsync(HttpMethod.Delete, upload, "forget an upload", CancelTimeout, null, CancellationToken.None);
        }
        catch (ArtifactStoreException exception)
        {
            Log.NotCanceled(_logger, exception.Message); // the registry forgets it by itself after some days
        }
    }

    private async Task DownloadAsync(string digest, Stream destination, CancellationToken cancellation)
    {
        const string What = "send an artifact";
        using var response = await _client.AskAsync(HttpMethod.Get, _client.In($"blobs/{digest}"), What, AnswerTimeout, null, cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
            throw new ArtifactNotFoundException(digest);
        if (!response.IsSuccessStatusCode)
            throw await _client.ExplainAsync(response, What, cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[BufferSize];
        while (await ReadAsync(body, buffer, cancellation) is > 0 and var read)
            await destination.WriteAsync(buffer.AsMemory(0, read), cancellation);
    }

    private async Task<int> ReadAsync(Stream body, byte[] buffer, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(AnswerTimeout);
        try
        {
            return await body.ReadAsync(buffer, timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ArtifactStoreException(ArtifactTexts.Silent(_registry, AnswerTimeout));
        }
        catch (IOException exception)
        {
            throw new ArtifactStoreException(ArtifactTexts.BrokeOff(_registry, exception.Message), exception);
        }
    }

    private Uri? NextPage(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Link", out var links) && NextLink().Match(string.Join(',', links)) is { Success: true } match
            ? _client.Resolve(new Uri(match.Groups[1].Value, UriKind.RelativeOrAbsolute))
            : null;

    private sealed record TagList(IReadOnlyList<string>? Tags);

    [GeneratedRegex("<([^>]*)>\\s*;\\s*rel=\"?next\"?")]
    private static partial Regex NextLink();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "An upload that failed could not be canceled: {Explanation}")]
        public static partial void NotCanceled(ILogger logger, string explanation);
    }
}
