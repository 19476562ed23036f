using System.Formats.Tar;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Paas.Docker;

/// <content>An image's history, which the engine writes and has no way to change.</content>
public sealed partial class EngineClient
{
    private static readonly string[] LayerMakers = ["RUN ", "COPY ", "ADD ", "WORKDIR "];

    /// <summary>
    /// Makes an image like another one, of the same layers, with other words in its history. No layer is moved: the
    /// engine is given a new configuration for those it has.
    /// </summary>
    /// <param name="image">The image, which stays.</param>
    /// <param name="app">The app it is of.</param>
    /// <param name="tag">The name of the new one.</param>
    /// <param name="labels">Are added to its labels.</param>
    /// <param name="rewrite">Changes the words.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="EngineException">The engine would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public async Task<EngineImage> RewriteHistoryAsync(
        EngineImage image, AppImages app, string tag, IReadOnlyDictionary<string, string> labels, Func<string, string> rewrite, CancellationToken cancellation)
    {
        var id = Own(image, app).Id;
        var found = await GetAsync<JsonObject>($"images/{id}/json", "tell about an image", cancellation);
        var history = await GetAsync<List<HistoryAnswer>>($"images/{id}/history", "tell an image's history", cancellation);
        var config = Encoding.UTF8.GetBytes(Configuration(found, history, labels, rewrite).ToJsonString());
        var name = Convert.ToHexStringLower(SHA256.HashData(config));
        var layers = found["RootFS"]?["Layers"]?.AsArray().Count ?? 0;
        using var archive = new MemoryStream();
        await using (var tar = new TarWriter(archive, TarEntryFormat.Gnu, leaveOpen: true))
        {
            await AddAsync(tar, $"{name}.json", config, cancellation);
            var manifest = new[] { new { Config = $"{name}.json", RepoTags = new[] { tag }, Layers = Enumerable.Repeat("layer.tar", layers) } };
            await AddAsync(tar, "manifest.json", JsonSerializer.SerializeToUtf8Bytes(manifest), cancellation);
        }

        archive.Position = 0;
        using var content = new StreamContent(archive);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        var what = $"load the image {tag}";
        await foreach (var message in StreamAsync<LoadMessage>(HttpMethod.Post, "images/load?quiet=1", what, content, null, cancellation))
        {
            if (message.Error is { } error)
                throw new EngineException(DockerTexts.Refused(Endpoint, what, System.Net.HttpStatusCode.BadRequest, error), System.Net.HttpStatusCode.BadRequest, error);
        }

        return await FindImageAsync(tag, cancellation) is { } loaded && loaded.Id == $"sha256:{name}"
            ? loaded
            : throw new EngineException(DockerTexts.Refused(Endpoint, what, System.Net.HttpStatusCode.Conflict, ""), System.Net.HttpStatusCode.Conflict, "");
    }

    private static JsonObject Configuration(
        JsonObject found, List<HistoryAnswer> history, IReadOnlyDictionary<string, string> labels, Func<string, string> rewrite)
    {
        var config = found["Config"]?.DeepClone() as JsonObject ?? [];
        var all = config["Labels"] as JsonObject ?? [];
        foreach (var (label, value) in labels)
            all[label] = value;
        if (config["Labels"] is null)
            config["Labels"] = all;
        var layers = found["RootFS"]?["Layers"]?.DeepClone() as JsonArray ?? [];
        var made = new JsonObject
        {
            ["architecture"] = found["Architecture"]?.DeepClone(),
            ["os"] = found["Os"]?.DeepClone(),
            ["created"] = found["Created"]?.DeepClone(),
            ["config"] = config,
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = layers },
        };
        foreach (var (from, to) in new[] { ("Variant", "variant"), ("OsVersion", "os.version"), ("Author", "author") })
        {
            if (found[from]?.GetValue<string>() is { Length: > 0 } value)
                made[to] = value;
        }

        if (Entries(history, layers.Count, rewrite) is { } entries)
            made["history"] = entries;
        return made;
    }

    /// <summary>
    /// The history, the oldest first; null if it can't be told which of its steps have made the layers. The engine says
    /// only how large each is, and a layer may have nothing in it.
    /// </summary>
    private static JsonArray? Entries(List<HistoryAnswer> history, int layers, Func<string, string> rewrite)
    {
        var filled = history.Select(entry => entry.Size > 0).ToList();
        for (var i = history.Count - 1; i >= 0 && filled.Count(isFilled => isFilled) < layers; i--)
            filled[i] |= MakesLayer(history[i].CreatedBy ?? "");
        if (filled.Count(isFilled => isFilled) != layers)
            return null;
        var entries = new JsonArray();
        for (var i = history.Count - 1; i >= 0; i--)
        {
            var entry = new JsonObject
            {
                ["created"] = DateTimeOffset.FromUnixTimeSeconds(history[i].Created).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                ["created_by"] = rewrite(history[i].CreatedBy ?? ""),
            };
            if (history[i].Comment is { Length: > 0 } comment)
                entry["comment"] = comment;
            if (!filled[i])
                entry["empty_layer"] = true;
            entries.Add((JsonNode)entry);
        }

        return entries;
    }

    private static bool MakesLayer(string createdBy) =>
        (!createdBy.Contains("#(nop)", StringComparison.Ordinal) && createdBy.Contains("/bin/sh -c", StringComparison.Ordinal))
        || LayerMakers.Any(instruction => createdBy.StartsWith(instruction, StringComparison.Ordinal)
            || createdBy.Contains("#(nop) " + instruction, StringComparison.Ordinal) || createdBy.Contains("#(nop)  " + instruction, StringComparison.Ordinal));

    private static async Task AddAsync(TarWriter tar, string name, byte[] content, CancellationToken cancellation)
    {
        using var data = new MemoryStream(content);
        await tar.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, name) { DataStream = data }, cancellation);
    }

    private sealed record HistoryAnswer(long Created, string? CreatedBy, string? Comment, long Size);

    private sealed record LoadMessage(string? Stream, string? Error);
}
