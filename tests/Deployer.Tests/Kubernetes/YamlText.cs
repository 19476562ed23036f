using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>Objects as people read them: YAML, whose scalars are those of JSON.</summary>
internal static class YamlText
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(IEnumerable<JsonObject> objects) => string.Join("---\n", objects.Select(Of));

    private static string Of(JsonObject made)
    {
        var text = new StringBuilder();
        Write(text, made, 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node, int depth)
    {
        if (node is JsonObject map)
        {
            foreach (var (name, value) in map)
                WriteEntry(text, Indent(depth) + name + ":", value, depth + 1);
        }
        else if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                if (item is JsonObject { Count: > 0 } entry)
                {
                    var inner = new StringBuilder();
                    Write(inner, entry, depth + 1);
                    text.Append(Indent(depth)).Append("- ").Append(inner.ToString().TrimStart());
                }
                else
                    text.Append(Indent(depth)).Append("- ").AppendLine(Scalar(item));
            }
        }
    }

    private static void WriteEntry(StringBuilder text, string name, JsonNode? value, int depth)
    {
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            text.AppendLine(name);
            Write(text, value, depth);
        }
        else
            text.Append(name).Append(' ').AppendLine(Scalar(value));
    }

    private static string Scalar(JsonNode? value) => value?.ToJsonString(Plain) ?? "null";

    private static string Indent(int depth) => new(' ', depth * 2);
}
