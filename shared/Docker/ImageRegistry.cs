using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Artifacts.Registry;

namespace Paas.Docker;

/// <summary>The registry of <see cref="RegistryOptions"/>, asked by the platform itself and not by way of an engine.</summary>
public sealed class ImageRegistry(IOptions<RegistryOptions> options, TimeProvider clock)
{
    private const int MaxManifest = 4 * 1024 * 1024;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    private static readonly string[] Forms =
    [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ];

    /// <summary>Finds an image in the platform's part of the registry.</summary>
    /// <param name="app">The app's name.</param>
    /// <param name="reference">A tag or a digest.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <returns>Null if it is not there.</returns>
    /// <exception cref="ImageRegistryException">The registry does not tell.</exception>
    public async Task<RegistryImage?> FindAsync(string app, string reference, CancellationToken cancellation)
    {
        const string What = "send an image's manifest";
        var url = new Uri(options.Value.Url!);
        var registry = new RegistryAddress(new Uri(url.GetLeftPart(UriPartial.Authority)), $"{url.AbsolutePath.Trim('/')}/{app}".TrimStart('/')) { Use = RegistryUse.Images };
        using var client = new RegistryClient(registry, options.Value.Username, options.Value.Password, clock, handler: null);
        try
        {
            using var response = await client.AskAsync(HttpMethod.Get, client.In($"manifests/{reference}"), What, AnswerTimeout, request =>
            {
                foreach (var form in Forms)
                    request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(form));
            }, cancellation);
            if (response.StatusCode == HttpStatusCode.NotFound)
                return null;
            if (!response.IsSuccessStatusCode)
                throw await client.ExplainAsync(response, What, cancellation);
            var manifest = await ReadAsync(registry, response, cancellation);
            var digest = ArtifactManifest.DigestOf(manifest);
            if (reference.StartsWith("sha256:", StringComparison.Ordinal) && reference != digest)
                throw new ArtifactStoreException(ArtifactTexts.WrongContent(registry, reference));
            return new RegistryImage(digest, JsonSerializer.Deserialize<Manifest>(manifest, JsonSerializerOptions.Web)?.Config?.Digest);
        }
        catch (ArtifactStoreException exception)
        {
            throw new ImageRegistryException(exception.Message, exception.IsRefusal, exception);
        }
        catch (JsonException exception)
        {
            throw new ImageRegistryException(ArtifactTexts.NotARegistry(registry, $"asked to {What}, it sent no JSON"), isRefusal: false, exception);
        }
    }

    private static async Task<byte[]> ReadAsync(RegistryAddress registry, HttpResponseMessage response, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(AnswerTimeout);
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxManifest, timeout.Token);
            return await response.Content.ReadAsByteArrayAsync(timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ArtifactStoreException(ArtifactTexts.Silent(registry, AnswerTimeout));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new ArtifactStoreException(ArtifactTexts.BrokeOff(registry, exception.Message), exception);
        }
    }

    private sealed record Manifest(Descriptor? Config);

    private sealed record Descriptor(string? Digest);
}

/// <summary>An image in a registry.</summary>
/// <param name="Digest">Of its manifest, computed from what the registry sent.</param>
/// <param name="ConfigDigest">What most engines call the image's id; null for an index of several images.</param>
public sealed record RegistryImage(string Digest, string? ConfigDigest)
{
    /// <summary>Whether this is the image that an engine has under an id: some take the manifest's digest for it, most the configuration's.</summary>
    public bool Is(string imageId) => imageId == ConfigDigest || imageId == Digest;
}

/// <summary>The registry does not tell; the message is a sentence for people.</summary>
public sealed class ImageRegistryException(string message, bool isRefusal, Exception inner) : Exception(message, inner)
{
    /// <summary>Whether it does not let the platform in: somebody has to change a setting first.</summary>
    public bool IsRefusal { get; } = isRefusal;
}
