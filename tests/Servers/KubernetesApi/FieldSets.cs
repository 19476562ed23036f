using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>Who owns which fields of an object.</summary>
internal sealed class FieldOwner(string manager, string operation, string apiVersion, string? subresource)
{
    public string Manager { get; } = manager;
    public string Operation { get; } = operation;
    public string ApiVersion { get; } = apiVersion;
    public string? Subresource { get; } = subresource;
    public string? Time { get; set; }

    /// <summary>Paths whose parts are <c>f:name</c>, <c>k:{"name":"web"}</c> and <c>v:1</c>.</summary>
    public HashSet<FieldPath> Fields { get; set; } = [];

    public bool Is(string name, string operation, string? subresource) => Manager == name && Operation == operation && Subresource == subresource;

    public FieldOwner Copy() => new(Manager, Operation, ApiVersion, Subresource) { Time = Time, Fields = [.. Fields] };

    /// <summary>As conflicts name it.</summary>
    public override string ToString() =>
        $"\"{Manager}\"{(Subresource is null ? "" : $" with subresource \"{Subresource}\"")}{(Operation == "Update" ? $" using {ApiVersion}" : "")}";

    public JsonObject ToJson()
    {
        var fields = new JsonObject();
        foreach (var path in Fields.OrderBy(path => path.ToString(), StringComparer.Ordinal))
        {
            var node = fields;
            foreach (var part in path.Parts)
                node = node.Ensure(part);
            if (path.Parts.Count > 0 && path.Parts[^1][0] == 'k')
                node.Ensure(".");
        }

        var json = new JsonObject { ["manager"] = Manager, ["operation"] = Operation, ["apiVersion"] = ApiVersion };
        if (Time is not null)
            json["time"] = Time;
        json["fieldsType"] = "FieldsV1";
        if (Subresource is not null)
            json["subresource"] = Subresource;
        json["fieldsV1"] = fields;
        return json;
    }
}

/// <summary>The way to a field.</summary>
internal sealed record FieldPath(IReadOnlyList<string> Parts)
{
    private readonly string _text = string.Join('\u001f', Parts);

    public static readonly FieldPath Root = new([]);

    public FieldPath Then(string part) => new([.. Parts, part]);

    public bool Equals(FieldPath? other) => other is not null && other._text == _text;

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    public bool IsWithin(FieldPath other) => _text.StartsWith(other._text + '\u001f', StringComparison.Ordinal);

    public override string ToString() => _text;

    /// <summary>As conflicts name it: <c>.spec.containers[name="web"].image</c>.</summary>
    public string Display() => string.Concat(Parts.Select(part => part[0] switch
    {
        'f' => $".{part[2..]}",
        'k' => $"[{string.Join(',', ((JsonObject)JsonNode.Parse(part[2..])!).Select(entry => $"{entry.Key}={entry.Value?.ToJsonString(Schema.Plain)}"))}]",
        _ => $"[={part[2..]}]",
    }));
}

/// <summary>What server-side apply does with fields: https://kubernetes.io/docs/reference/using-api/server-side-apply/.</summary>
internal static class FieldSets
{
    private static readonly HashSet<string> Nobody = ["apiVersion", "kind"];
    private static readonly HashSet<string> NobodyInMetadata =
        ["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "generateName"];

    /// <summary>The fields that an object sets.</summary>
    public static HashSet<FieldPath> Of(JsonObject thing, SchemaType schema)
    {
        var found = new HashSet<FieldPath>();
        Collect(thing, schema, FieldPath.Root, found);
        found.RemoveWhere(path => path.Parts.Count > 0 && (Nobody.Contains(path.Parts[0][2..])
            || (path.Parts[0] == "f:metadata" && (path.Parts.Count == 1 || NobodyInMetadata.Contains(path.Parts[1][2..])))));
        return found;
    }

    /// <summary>Puts what an object sets into another.</summary>
    public static JsonNode? Merge(JsonNode? live, JsonNode? applied, SchemaType schema)
    {
        if (applied is null || live is null || !schema.IsGranular)
            return applied?.DeepClone();
        if (schema.Shape is Shape.Struct or Shape.Map)
        {
            var merged = (JsonObject)live.DeepClone();
            foreach (var (name, value) in (JsonObject)applied)
            {
                var type = schema.Shape == Shape.Map ? schema.Of! : schema.Fields[name];
                if (value is not null)
                    merged[name] = Merge(merged[name], value, type);
            }

            return merged;
        }

        var items = new JsonArray();
        var given = ((JsonArray)applied).ToDictionary(item => Schema.KeyOf(schema, item), item => item);
        foreach (var item in (JsonArray)live)
        {
            var key = Schema.KeyOf(schema, item);
            items.Add(given.Remove(key, out var other) ? Merge(item, other, schema.Of!) : item?.DeepClone());
        }

        foreach (var item in (JsonArray)applied)
        {
            if (given.ContainsKey(Schema.KeyOf(schema, item)))
                items.Add(item?.DeepClone());
        }

        return items;
    }

    /// <summary>Takes a field out of an object, and what is left empty by that.</summary>
    public static void Remove(JsonNode? node, SchemaType schema, FieldPath path, int depth = 0)
    {
        var part = path.Parts[depth];
        var isLast = depth == path.Parts.Count - 1;
        if (node is JsonObject map)
        {
            var name = part[2..];
            var type = schema.Shape == Shape.Map ? schema.Of : schema.Shape == Shape.Struct ? schema.Fields.GetValueOrDefault(name) : null;
            if (isLast)
                map.Remove(name);
            else if (type is not null && map[name] is { } child)
            {
                Remove(child, type, path, depth + 1);
                if (child is JsonObject { Count: 0 } or JsonArray { Count: 0 })
                    map.Remove(name);
            }
        }
        else if (node is JsonArray list && schema.IsKeyed && list.FirstOrDefault(each => Schema.KeyOf(schema, each) == part) is { } item)
        {
            if (isLast)
                list.Remove(item);
            else
                Remove(item, schema.Of!, path, depth + 1);
        }
    }

    /// <summary>What an object has at a field.</summary>
    public static JsonNode? Get(JsonNode? node, SchemaType schema, FieldPath path)
    {
        foreach (var part in path.Parts)
        {
            if (node is JsonArray list)
            {
                node = list.FirstOrDefault(item => Schema.KeyOf(schema, item) == part);
                schema = schema.Of!;
            }
            else if (node is JsonObject map)
            {
                node = map[part[2..]];
                schema = schema.Shape == Shape.Map ? schema.Of! : schema.Shape == Shape.Struct && schema.Fields.TryGetValue(part[2..], out var field) ? field : new(Shape.Any);
            }
            else
            {
                return null;
            }
        }

        return node;
    }

    private static void Collect(JsonNode? node, SchemaType schema, FieldPath path, HashSet<FieldPath> found)
    {
        if (node is JsonObject { Count: > 0 } map && schema.IsGranular)
        {
            foreach (var (name, value) in map)
            {
                if ((schema.Shape == Shape.Map ? schema.Of : schema.Fields.GetValueOrDefault(name)) is { } type && value is not null)
                    Collect(value, type, path.Then($"f:{name}"), found);
            }
        }
        else if (node is JsonArray { Count: > 0 } list && schema.IsKeyed)
        {
            foreach (var item in list)
            {
                var key = path.Then(Schema.KeyOf(schema, item));
                found.Add(key);
                if (!schema.IsSet && schema.Of!.IsGranular)
                    Collect(item, schema.Of!, key, found);
            }
        }
        else if (path.Parts.Count > 0)
        {
            found.Add(path);
        }
    }
}
