using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Paas.Kubernetes;

/// <summary>An object of the API: its JSON, and what all objects have in common. Whatever is not there reads as null, empty or 0.</summary>
/// <param name="json">Changes to it are changes of the object.</param>
public sealed class KubernetesObject(JsonObject json)
{
    /// <summary>All of it.</summary>
    public JsonObject Json { get; } = json;

    /// <summary>Such as <c>apps/v1</c>.</summary>
    public string ApiVersion => Text(Json["apiVersion"]) ?? "";

    /// <summary>Such as <c>Deployment</c>.</summary>
    public string Kind => Text(Json["kind"]) ?? "";

    /// <summary>Its name in its namespace.</summary>
    public string Name => Text(Metadata?["name"]) ?? "";

    /// <summary>Null for an object that is in none.</summary>
    public string? Namespace => Text(Metadata?["namespace"]);

    /// <summary>What it is known by for ever: an object of the same name made later has another.</summary>
    public string Uid => Text(Metadata?["uid"]) ?? "";

    /// <summary>Another after each change; to be compared for equality only.</summary>
    public string ResourceVersion => Text(Metadata?["resourceVersion"]) ?? "";

    /// <summary>Counts the changes of what is wanted, not those of the status; 0 for kinds that don't.</summary>
    public long Generation => Number(Metadata?["generation"]);

    /// <summary>The generation that <c>status</c> tells about; 0 before it tells anything.</summary>
    public long ObservedGeneration => Number(Read("status", "observedGeneration"));

    /// <summary>When it was made.</summary>
    public DateTimeOffset? CreatedAt => Time(Metadata?["creationTimestamp"]);

    /// <summary>Since when it is being removed; null if it is not.</summary>
    public DateTimeOffset? DeletionTimestamp => Time(Metadata?["deletionTimestamp"]);

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels => Texts(Metadata?["labels"]);

    /// <summary>Annotations.</summary>
    public IReadOnlyDictionary<string, string> Annotations => Texts(Metadata?["annotations"]);

    private JsonObject? Metadata => Json["metadata"] as JsonObject;

    /// <summary>What is at the end of a path of property names, such as <c>status</c>, <c>phase</c>; null if anything on the way is not there.</summary>
    public JsonNode? Read(params ReadOnlySpan<string> path)
    {
        JsonNode? node = Json;
        foreach (var name in path)
            node = (node as JsonObject)?[name];
        return node;
    }

    /// <summary>Reads a part as a record, whose properties are matched without regard to case.</summary>
    /// <exception cref="JsonException">It is of another shape.</exception>
    public T? Read<T>(params ReadOnlySpan<string> path) => Read(path) is { } node ? node.Deserialize<T>(JsonSerializerOptions.Web) : default;

    /// <summary>Its kind and name, for messages.</summary>
    public override string ToString() => Namespace is { } within ? $"{Kind} {within}/{Name}" : $"{Kind} {Name}";

    internal static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    internal static long Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var number) ? number : 0;

    private static DateTimeOffset? Time(JsonNode? node) =>
        DateTimeOffset.TryParse(Text(node), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static Dictionary<string, string> Texts(JsonNode? node) =>
        (node as JsonObject ?? []).Where(entry => Text(entry.Value) is not null).ToDictionary(entry => entry.Key, entry => Text(entry.Value)!);
}
