using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>The patches that are no apply.</summary>
internal static class Patches
{
    /// <summary>RFC 7386. The strategic kind differs in lists only, of which the double takes the same.</summary>
    public static JsonObject Merge(JsonObject thing, JsonObject changes)
    {
        foreach (var (name, value) in changes)
        {
            if (value is null)
                thing.Remove(name);
            else if (value is JsonObject inner)
                thing[name] = Merge((JsonObject?)(thing[name] as JsonObject)?.DeepClone() ?? [], inner);
            else
                thing[name] = value.DeepClone();
        }

        return thing;
    }

    /// <summary>RFC 6902, as far as it is about objects.</summary>
    public static JsonObject Json(JsonObject thing, JsonArray operations)
    {
        foreach (var operation in operations.OfType<JsonObject>())
        {
            var parts = (operation.Text("path") ?? "").TrimStart('/').Split('/').Select(part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)).ToArray();
            var parent = thing.At(parts.AsSpan(0, parts.Length - 1)) as JsonObject ?? throw ApiError.Invalid("", "", "", "", [ApiError.InvalidValue(operation.Text("path") ?? "", "\"\"", "nonexistent path")]);
            if (operation.Text("op") == "remove")
                parent.Remove(parts[^1]);
            else if (operation.Text("op") is "add" or "replace")
                parent[parts[^1]] = operation["value"]?.DeepClone();
            else
                throw ApiError.BadRequest($"unexpected kind {operation.Text("op")}");
        }

        return thing;
    }
}
