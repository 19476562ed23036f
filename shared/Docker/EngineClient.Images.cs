using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Paas.Docker;

/// <content>
/// Images. What is tagged, published or removed has to have a name that the platform has given it for the app: whoever asks
/// for another one has made a mistake, and nothing is done.
/// </content>
public sealed partial class EngineClient
{
    /// <summary>Removing a large image from a slow disk takes its time.</summary>
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromMinutes(5);

    /// <summary>Finds an image by its id or by a tag; null if it is not here.</summary>
    /// <exception cref="EngineUnreachableException">The engine does not answer.</exception>
    public async Task<EngineImage?> FindImageAsync(string name, CancellationToken cancellation)
    {
        try
        {
            var found = await GetAsync<ImageAnswer>($"images/{Escape(name)}/json", "tell about an image", cancellation);
            return new EngineImage
            {
                Id = found.Id,
                Size = found.Size,
                UsedAt = new[] { Time(found.Created), Time(found.Metadata?.LastTagTime) }.Max(),
                Tags = found.RepoTags ?? [],
                Digests = found.RepoDigests ?? [],
                Labels = found.Config?.Labels ?? [],
                OnBuild = found.Config?.OnBuild ?? [],
            };
        }
        catch (EngineException exception) when (exception.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Lists the images that were built for an app, the one used last first.</summary>
    /// <exception cref="EngineUnreachableException">The engine does not answer.</exception>
    public async Task<IReadOnlyList<EngineImage>> ListImagesAsync(AppImages app, CancellationToken cancellation)
    {
        var filters = EscapeJson(new Dictionary<string, string[]> { ["reference"] = [.. app.Repositories] });
        var listed = await GetAsync<List<ListedImage>>($"images/json?filters={filters}", "list its images", cancellation);
        var images = new List<EngineImage>();
        foreach (var id in listed.Select(image => image.Id).Distinct())
        {
            // What is gone by now was removed by another.
            if (await FindImageAsync(id, cancellation) is { } image && app.Include(image))
                images.Add(image);
        }

        return [.. images.OrderByDescending(image => image.UsedAt)];
    }

    /// <summary>Gives an image of an app another name, taking it from whatever had it; this counts as a use.</summary>
    /// <param name="image">Built for the app.</param>
    /// <param name="app">Whose it is.</param>
    /// <param name="repository">Of the name.</param>
    /// <param name="tag">Of the name.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <exception cref="EngineException">It would not; with 404, the image is gone.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public Task TagAsync(EngineImage image, AppImages app, string repository, string tag, CancellationToken cancellation) => DoAsync(
        HttpMethod.Post, $"images/{Own(image, app).Id}/tag?repo={Escape(repository)}&tag={Escape(tag)}", $"tag the image {image.Id}", null, cancellation);

    /// <summary>Takes a name from an image; the image stays if it has another one. No effect if it is gone.</summary>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public Task UntagAsync(string repository, string tag, CancellationToken cancellation) => DoAsync(
        HttpMethod.Delete, $"images/{Escape($"{repository}:{tag}")}?noprune=1", $"take the name {repository}:{tag} away", RemovalLimit, cancellation, HttpStatusCode.NotFound);

    /// <summary>Removes an image that has no name and that nothing is built upon; no effect if it is gone, or not of that kind.</summary>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public async Task RemoveNamelessAsync(string id, CancellationToken cancellation)
    {
        if (await FindImageAsync(id, cancellation) is { Tags.Count: 0, Digests.Count: 0 } image)
            await DoAsync(HttpMethod.Delete, $"images/{image.Id}?noprune=1", $"remove the image {id}", RemovalLimit, cancellation, HttpStatusCode.NotFound, HttpStatusCode.Conflict);
    }

    /// <summary>Pushes what has a tag to the registry that the tag names.</summary>
    /// <param name="repository">Such as <c>registry.example.com/paas/shop</c>.</param>
    /// <param name="tag">In the repository.</param>
    /// <param name="registry">Name and password, if it has any.</param>
    /// <param name="progress">Is told of each message of the engine.</param>
    /// <param name="cancellation">Ends the push.</param>
    /// <returns>The digest under which the registry has it.</returns>
    /// <exception cref="ImagePushException">The push failed.</exception>
    /// <exception cref="EngineException">The engine would not push.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer, or has gone away in the middle.</exception>
    public async Task<string> PushAsync(string repository, string tag, RegistryOptions registry, Action<PushMessage> progress, CancellationToken cancellation)
    {
        var headers = new Dictionary<string, string> { ["X-Registry-Auth"] = Login(registry, registry.Username is { Length: > 0 } user ? (user, registry.Password ?? "") : null) };
        string? digest = null;
        await foreach (var message in StreamAsync<PushMessage>(
            HttpMethod.Post, $"images/{Escape(repository)}/push?tag={Escape(tag)}", $"push {repository}:{tag}", null, headers, cancellation))
        {
            if (message.Error is { } error)
                throw ImagePushException.Of(Endpoint, repository, error);
            digest = message.Aux?.Digest ?? digest;
            progress(message);
        }

        return digest ?? throw new ImagePushException(DockerTexts.PushedWithoutDigest(Endpoint, repository), PushProblem.Registry);
    }

    /// <summary>Removes an image of an app with all its tags, unless a container uses it or somebody else has tagged it.</summary>
    /// <returns>Whether it is gone.</returns>
    /// <exception cref="EngineException">The engine would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public async Task<bool> RemoveImageAsync(EngineImage image, AppImages app, CancellationToken cancellation)
    {
        // Asked for before anything is taken away: an image in use keeps its tags.
        if (!app.AreAllTagsOf(Own(image, app)) || await IsUsedAsync(image, cancellation))
            return false;
        try
        {
            // One after the other, and the image with the last: the engine removes no image by its id that has several.
            foreach (var name in image.Tags.Concat(image.Digests).Append(image.Id))
            {
                // noprune: an untagged base image below it may be somebody else's.
                await DoAsync(HttpMethod.Delete, $"images/{Escape(name)}?noprune=1", $"remove the image {name}", RemovalLimit, cancellation, HttpStatusCode.NotFound);
            }

            return true;
        }
        catch (EngineException exception) when (exception.Status == HttpStatusCode.Conflict)
        {
            return false; // a container has begun to use it, or an image is built upon it
        }
    }

    /// <summary>Removes the images of an app that no container uses.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="EngineException">The engine would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public async Task<int> RemoveImagesAsync(AppImages app, CancellationToken cancellation)
    {
        var removed = 0;
        foreach (var image in await ListImagesAsync(app, cancellation))
            removed += await RemoveImageAsync(image, app, cancellation) ? 1 : 0;
        return removed;
    }

    private async Task<bool> IsUsedAsync(EngineImage image, CancellationToken cancellation)
    {
        var filters = EscapeJson(new Dictionary<string, string[]> { ["ancestor"] = [image.Id] });
        return (await GetAsync<List<JsonElement>>($"containers/json?all=1&filters={filters}", "list its containers", cancellation)).Count > 0;
    }

    private static EngineImage Own(EngineImage image, AppImages app) => app.Include(image)
        ? image
        : throw new ArgumentException($"The image {image.Id} has no name of the app {app.App}: it is not of this platform.", nameof(image));

    /// <summary>URL-safe, but with the padding that .NET's own Base64Url leaves out: engines insist on it.</summary>
    private static string Login(RegistryOptions registry, (string Username, string Password)? account)
    {
        var login = new Dictionary<string, string?>();
        if (account is var (username, password))
            login = new() { ["username"] = username, ["password"] = password, ["serveraddress"] = new Uri(registry.Url!).Authority };
        return Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(login)).Replace('+', '-').Replace('/', '_');
    }

    internal static Guid? AppOf(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(ImageLabels.App, out var app) && Guid.TryParse(app, out var id) ? id : null;

    private static DateTimeOffset Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.MinValue;

    private sealed record ListedImage(string Id);

    private sealed record ImageAnswer(
        string Id, string? Created, long Size, List<string>? RepoTags, List<string>? RepoDigests, ImageConfig? Config, ImageMetadata? Metadata);

    private sealed record ImageConfig(Dictionary<string, string>? Labels, List<string>? OnBuild);

    private sealed record ImageMetadata(string? LastTagTime);
}
