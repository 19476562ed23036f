using Paas.ConfigurationValidator.Source;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary>
/// Reads the part of YAML that a manifest needs: mappings, lists and text. Everything that makes YAML dangerous or
/// surprising (anchors, aliases, merge keys, tags, several documents, duplicate keys) is refused by name.
/// </summary>
internal sealed class YamlReader
{
    private const int MaxDepth = 20;
    private readonly SourceErrors _errors;
    private readonly Parser _parser;

    private YamlReader(string text, SourceErrors errors)
    {
        _errors = errors;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>The root of the document; null if there is none or it can't be read, which the errors then say.</summary>
    public static YamlNode? Read(string text, SourceErrors errors)
    {
        if (!CheckTabs(text, errors))
            return null;
        try
        {
            return new YamlReader(text, errors).ReadDocument();
        }
        catch (YamlException exception)
        {
            errors.Add(At(exception.Start), ConfigurationValidatorTexts.NotYaml(Explain(exception)));
            return null;
        }
    }

    private static bool CheckTabs(string text, SourceErrors errors)
    {
        var line = 0;
        foreach (var content in text.AsSpan().EnumerateLines())
        {
            line++;
            var indent = content.Length - content.TrimStart(" \t").Length;
            if (indent < content.Length && content[..indent].IndexOf('\t') is >= 0 and var tab)
                errors.Add(new(line, tab + 1), ConfigurationValidatorTexts.TabIndent);
        }

        return !errors.Any;
    }

    private YamlNode? ReadDocument()
    {
        Next();
        if (Next() is StreamEnd)
            return null;
        Next();
        var root = ReadNode(0);
        Next();
        if (Next() is DocumentStart second)
            _errors.Add(At(second.Start), ConfigurationValidatorTexts.SeveralDocuments);
        return root;
    }

    /// <summary>Reads the node whose first event is the current one.</summary>
    private YamlNode ReadNode(int depth)
    {
        var start = _parser.Current!;
        var at = At(start.Start);
        if (depth > MaxDepth)
            throw new SemanticErrorException(start.Start, start.End, ConfigurationValidatorTexts.TooDeep(MaxDepth));
        if (start is AnchorAlias alias)
        {
            _errors.Add(at, ConfigurationValidatorTexts.AnchorRefused("*" + alias.Value));
            return new YamlText(at, "", IsPlain: true);
        }

        if (start is not NodeEvent node)
            throw new SemanticErrorException(start.Start, start.End, ConfigurationValidatorTexts.ValueExpected);
        if (!node.Anchor.IsEmpty)
            _errors.Add(at, ConfigurationValidatorTexts.AnchorRefused("&" + node.Anchor.Value));
        if (!node.Tag.IsEmpty)
            _errors.Add(at, ConfigurationValidatorTexts.TagRefused(node.Tag.IsNonSpecific ? "!" : node.Tag.Value));
        return node switch
        {
            Scalar scalar => new YamlText(at, scalar.Value, scalar.Style is ScalarStyle.Plain),
            SequenceStart => ReadList(at, depth),
            _ => ReadMap(at, depth),
        };
    }

    private YamlList ReadList(Position at, int depth)
    {
        var items = new List<YamlNode>();
        while (Next() is not SequenceEnd)
            items.Add(ReadNode(depth + 1));
        return new(at, items);
    }

    private YamlMap ReadMap(Position at, int depth)
    {
        var entries = new List<YamlEntry>();
        var seen = new Dictionary<string, Position>(StringComparer.Ordinal);
        while (Next() is not MappingEnd)
        {
            var key = ReadNode(depth + 1);
            Next();
            var value = ReadNode(depth + 1);
            if (key is not YamlText name)
                _errors.Add(key.At, ConfigurationValidatorTexts.KeyIsNoText);
            else if (name is { IsPlain: true, Value: "<<" })
                _errors.Add(key.At, ConfigurationValidatorTexts.MergeRefused);
            else if (!seen.TryAdd(name.Value, name.At))
                _errors.Add(key.At, ConfigurationValidatorTexts.DuplicateKey(name.Value, seen[name.Value].Line));
            else
                entries.Add(new(name, value));
        }

        return new(at, entries);
    }

    private ParsingEvent Next()
    {
        do
        {
            if (!_parser.MoveNext())
                return new StreamEnd();
        }
        while (_parser.Current is Comment);
        return _parser.Current!;
    }

    private static Position At(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static string Explain(YamlException exception)
    {
        var text = exception.Message.Trim().TrimEnd('.');
        var end = text.LastIndexOf("): ", StringComparison.Ordinal);
        return text.StartsWith("(Line:", StringComparison.Ordinal) && end > 0 ? text[(end + 3)..] : text;
    }
}
