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
    private const string Send = "send an image's manifest";
    private const string Tag = "tag an image";
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
    public Task<RegistryImage?> FindAsync(string app, string reference, CancellationToken cancellation) => AskAsync(app, async (client, registry) =>
    {
        if (await GetAsync(client, registry, reference, cancellation) is not { } manifest)
            return null;
        return new RegistryImage(
            ArtifactManifest.DigestOf(manifest.Content), JsonSerializer.Deserialize<Manifest>(manifest.Content, JsonSerializerOptions.Web)?.Config?.Digest);
    });

    /// <summary>Gives an image another tag, taking it from whatever had it. Nothing of the image is sent but its manifest.</summary>
    /// <param name="app">The app's name.</param>
    /// <param name="digest">Of the image's manifest.</param>
    /// <param name="tag">Such as <c>v12</c>.</param>
    /// <param name="cancellation">Ends the requests.</param>
    /// <returns>False if the registry does not have the image.</returns>
    /// <exception cref="ImageRegistryException">The registry would not.</exception>
    public Task<bool> TagAsync(string app, string digest, string tag, CancellationToken cancellation) => AskAsync(app, async (client, registry) =>
    {
        if (await GetAsync(client, registry, digest, cancellation) is not { } manifest)
            return false;
        using var response = await client.AskAsync(HttpMethod.Put, client.In($"manifests/{tag}"), Tag, AnswerTimeout, request =>
        {
            request.Content = new ByteArrayContent(manifest.Content);
            request.Content.Headers.ContentType = manifest.Type;
        }, cancellation);
        return response.IsSuccessStatusCode ? true : throw await client.ExplainAsync(response, Tag, cancellation);
    });

    private async Task<T> AskAsync<T>(string app, Func<RegistryClient, RegistryAddress, Task<T>> ask)
    {
        var url = new Uri(options.Value.Url!);
        var registry = new RegistryAddress(new Uri(url.GetLeftPart(UriPartial.Authority)), $"{url.AbsolutePath.Trim('/')}/{app}".TrimStart('/')) { Use = RegistryUse.Images };
        using var client = new RegistryClient(registry, options.Value.Username, options.Value.Password, clock, handler: null);
        try
        {
            return await ask(client, registry);
        }
        catch (ArtifactStoreException exception)
        {
            throw new ImageRegistryException(exception.Message, exception.IsRefusal, exception);
        }
        catch (JsonException exception)
        {
            throw new ImageRegistryException(ArtifactTexts.NotARegistry(registry, $"asked to {Send}, it sent no JSON"), isRefusal: false, exception);
        }
    }

    /// <returns>The manifest as the registry sent it, and its form; null if it is not there.</returns>
    private static async Task<(byte[] Content, MediaTypeHeaderValue? Type)?> GetAsync(
        RegistryClient client, RegistryAddress registry, string reference, CancellationToken cancellation)
    {
        using var response = await client.AskAsync(HttpMethod.Get, client.In($"manifests/{reference}"), Send, AnswerTimeout, request =>
        {
            foreach (var form in Forms)
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(form));
        }, cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        if (!response.IsSuccessStatusCode)
            throw await client.ExplainAsync(response, Send, cancellation);
        var manifest = await ReadAsync(registry, response, cancellation);
        if (reference.StartsWith("sha256:", StringComparison.Ordinal) && reference != ArtifactManifest.DigestOf(manifest))
            throw new ArtifactStoreException(ArtifactTexts.WrongContent(registry, reference));
        return (manifest, response.Content.Headers.ContentType);
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
