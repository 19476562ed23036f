using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Paas.Kubernetes.Access;

/// <summary>Reads the YAML of a kubeconfig: mappings, lists and text. What could make it grow or mean something else is refused.</summary>
internal sealed class KubeconfigYaml
{
    private const int MaxDepth = 20;
    private readonly Parser _parser;

    private KubeconfigYaml(string text) => _parser = new Parser(new StringReader(text));

    /// <summary>The document, in which all values are text, or null.</summary>
    /// <exception cref="KubernetesAccessException">It is no mapping, or not to be read.</exception>
    public static JsonObject Read(string text, string path)
    {
        try
        {
            return new KubeconfigYaml(text).ReadDocument() ?? throw new KubernetesAccessException(KubernetesTexts.NoMapping(path));
        }
        catch (YamlException exception)
        {
            // The parser's words may quote the text, and there are secrets in it.
            throw new KubernetesAccessException(KubernetesTexts.NotYaml(path, exception.Start.Line));
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException or NullReferenceException)
        {
            // Some texts bring the parser into states it has no words for.
            throw new KubernetesAccessException(KubernetesTexts.NotYaml(path, 1));
        }
    }

    private JsonObject? ReadDocument()
    {
        _parser.MoveNext();
        if (Next() is not DocumentStart)
            return null;
        Next();
        return ReadNode(0) as JsonObject;
    }

    private JsonNode? ReadNode(int depth)
    {
        var at = _parser.Current!;
        if (depth > MaxDepth || at is AnchorAlias || (at is NodeEvent node && (!node.Anchor.IsEmpty || !(node.Tag.IsEmpty || node.Tag.IsNonSpecific))))
            throw new YamlException(at.Start, at.End, "");
        switch (at)
        {
            case Scalar scalar:
                return scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL" ? null : JsonValue.Create(scalar.Value);
            case SequenceStart:
                var list = new JsonArray();
                while (Next() is not SequenceEnd)
                    list.Add(ReadNode(depth + 1));
                return list;
            case MappingStart:
                var map = new JsonObject();
                while (Next() is not MappingEnd)
                {
                    if (_parser.Current is not Scalar key || map.ContainsKey(key.Value))
                        throw new YamlException(at.Start, at.End, "");
                    Next();
                    map[key.Value] = ReadNode(depth + 1);
                }

                return map;
            default:
                throw new YamlException(at.Start, at.End, "");
        }
    }

    private ParsingEvent Next()
    {
        do
        {
            if (!_parser.MoveNext())
                throw new YamlException(Mark.Empty, Mark.Empty, "");
        }
        while (_parser.Current is Comment);
        return _parser.Current!;
    }
}
