using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Paas.Servers.Kubernetes;

/// <summary>What the API says to an object that is not of its kind's shape.</summary>
internal static partial class SchemaCheck
{
    /// <summary>In the words of server-side apply, which answers with 500.</summary>
    public static void Apply(JsonObject thing, ApiType type, SchemaType schema)
    {
        var errors = new List<string>();
        Typed(thing, schema, "", errors);
        var name = $"({thing.Text("metadata", "namespace")}/{thing.Name()}; {Gvk(type)})";
        if (errors.Count > 0)
            throw ApiError.Internal($"failed to create typed patch object {name}: {(errors.Count == 1 ? errors[0] : "errors:\n" + string.Join('\n', errors.Select(error => $"  {error}")))}");
        if (Unconvertible(thing, schema) is { } problem)
        {
            throw ApiError.Internal(
                $"failed to convert new object ({thing.Text("metadata", "namespace")}/{thing.Name()}; {type.Gvk}) to proper version: unable to convert unstructured object to {type.Gvk}: {problem}");
        }
    }

    // A kind of the core group is "/v1" in some of these messages and in others too.
    private static string Gvk(ApiType type) => type.Gvk;

    /// <summary>Fields that POST does not know: a warning, or 400.</summary>
    public static IReadOnlyList<string> Unknown(JsonNode? node, SchemaType schema, string path = "")
    {
        var found = new List<string>();
        if (schema.Shape == Shape.Struct && node is JsonObject map)
        {
            foreach (var (name, value) in map)
            {
                if (schema.Fields.TryGetValue(name, out var field))
                    found.AddRange(Unknown(value, field, path.Length == 0 ? name : $"{path}.{name}"));
                else
                    found.Add(path.Length == 0 ? name : $"{path}.{name}");
            }
        }
        else if (schema.Shape == Shape.List && node is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++)
                found.AddRange(Unknown(list[i], schema.Of!, $"{path}[{i}]"));
        }

        return found;
    }

    private static void Typed(JsonNode? node, SchemaType schema, string path, List<string> errors)
    {
        if (node is null)
            return;
        switch (schema.Shape)
        {
            case Shape.Text or Shape.Bytes when node.GetValueKind() != JsonValueKind.String:
                errors.Add($"{path}: expected string, got {Go(node)}");
                break;
            case Shape.Whole when node.GetValueKind() != JsonValueKind.Number:
                errors.Add($"{path}: expected numeric (int or float), got {(node.GetValueKind() is JsonValueKind.String ? "string" : node.GetValueKind() is JsonValueKind.Object ? "map" : "bool")}");
                break;
            case Shape.Flag when node.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False):
                errors.Add($"{path}: expected boolean, got {Go(node)}");
                break;
            case Shape.Struct or Shape.Map when node is not JsonObject:
                errors.Add($"{path}: expected map, got {Go(node)}");
                break;
            case Shape.List when node is not JsonArray:
                errors.Add($"{path}: expected list, got {Go(node)}");
                break;
            case Shape.Struct or Shape.Map:
                foreach (var (name, value) in (JsonObject)node)
                {
                    var field = schema.Shape == Shape.Map ? schema.Of : schema.Fields.GetValueOrDefault(name);
                    if (field is null)
                        errors.Add($"{path}.{name}: field not declared in schema");
                    else
                        Typed(value, field, $"{path}.{name}", errors);
                }

                break;
            case Shape.List:
                var seen = new HashSet<string>();
                var index = 0;
                foreach (var item in (JsonArray)node)
                {
                    var key = schema.IsKeyed && !schema.IsSet ? Key(schema, item) : $"[{index}]";
                    if (!seen.Add(key))
                        errors.Add($"{path}: duplicate entries for key {key}");
                    else
                        Typed(item, schema.Of!, $"{path}{key}", errors);
                    index++;
                }

                break;
        }
    }

    private static string Key(SchemaType list, JsonNode? item) =>
        $"[{string.Join(',', list.Keys!.Select(name => $"{name}={item.At(name)?.ToJsonString(Schema.Plain) ?? (name == "protocol" ? "\"TCP\"" : "null")}"))}]";

    private static string Go(JsonNode node) => $"&value.valueUnstructured{{Value:{node.ToJsonString(Schema.Plain)}}}";

    private static string? Unconvertible(JsonNode? node, SchemaType schema)
    {
        switch (schema.Shape)
        {
            case Shape.Quantity when node is not null && !QuantityForm().IsMatch(node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node.ToJsonString()):
                return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
            case Shape.Bytes when node is not null && BadBase64(node.Text() ?? "") is { } at:
                return $"error decoding from json: illegal base64 data at input byte {at}";
            case Shape.Struct or Shape.Map when node is JsonObject map:
                return map.Select(entry => (schema.Shape == Shape.Map ? schema.Of : schema.Fields.GetValueOrDefault(entry.Key)) is { } field ? Unconvertible(entry.Value, field) : null)
                    .FirstOrDefault(problem => problem is not null);
            case Shape.List when node is JsonArray list:
                return list.Select(item => Unconvertible(item, schema.Of!)).FirstOrDefault(problem => problem is not null);
            default:
                return null;
        }
    }

    private static int? BadBase64(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!(char.IsAsciiLetterOrDigit(text[i]) || text[i] is '+' or '/' || (text[i] == '=' && i >= text.Length - 2)))
                return i;
        }

        return text.Length % 4 == 0 ? null : text.Length;
    }

    [GeneratedRegex(@"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]+)?$")]
    private static partial Regex QuantityForm();
}
