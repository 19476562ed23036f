using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Processes;
using CommandLine = Paas.Contracts.CommandLine;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary>Reads the keys of one mapping, and knows which there may be.</summary>
internal sealed class MapReader
{
    private const int MaxTextLength = 32 * 1024;
    private readonly Dictionary<string, YamlEntry> _entries = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly SourceErrors _errors;

    private MapReader(YamlMap map, string path, SourceErrors errors)
    {
        (At, _path, _errors) = (map.At, path, errors);
        foreach (var entry in map.Entries)
            _entries[entry.Key.Value] = entry;
    }

    public Position At { get; }

    /// <summary>A reader of the mapping; null, with an error, if the node is none.</summary>
    /// <param name="node">What ought to be a mapping.</param>
    /// <param name="path">What it is called, such as <c>build</c>; empty for the whole file.</param>
    /// <param name="keys">The keys it may have.</param>
    /// <param name="example">What would be right.</param>
    /// <param name="errors">Where errors go.</param>
    public static MapReader? Open(YamlNode node, string path, IReadOnlyList<string> keys, string example, SourceErrors errors)
    {
        if (node is not YamlMap map)
        {
            errors.Add(node.At, ConfigurationValidatorTexts.MappingExpected(path, example));
            return null;
        }

        foreach (var entry in map.Entries.Where(entry => !keys.Contains(entry.Key.Value)))
            errors.Add(entry.Key.At, ConfigurationValidatorTexts.UnknownKey(path, entry.Key.Value, Nearest.Of(entry.Key.Value, keys), keys));
        return new(map, path, errors);
    }

    /// <summary>The value of a key; null if the key is missing or has nothing.</summary>
    public YamlNode? Get(string key) =>
        _entries.TryGetValue(key, out var entry) && entry.Value is not YamlText { IsNothing: true } ? entry.Value : null;

    /// <summary>The mapping below a key.</summary>
    public MapReader? Map(string key, IReadOnlyList<string> keys, string example) =>
        Get(key) is { } node ? Open(node, PathOf(key), keys, example, _errors) : null;

    public YamlText? Text(string key, string example)
    {
        if (Get(key) is not { } node)
            return null;
        if (node is YamlText { Value.Length: > 0 and <= MaxTextLength } text)
            return text;
        _errors.Add(node.At, ConfigurationValidatorTexts.TextExpected(PathOf(key), example));
        return null;
    }

    /// <summary>A command: a line, or a list of words.</summary>
    public CommandLine? Command(string key) => Get(key) is { } node ? Command(node, PathOf(key), _errors) : null;

    public static CommandLine? Command(YamlNode node, string path, SourceErrors errors)
    {
        SplitCommand split;
        var at = node.At;
        switch (node)
        {
            case YamlText text:
                split = CommandWords.Split(text.Value);
                if (text.IsPlain && !text.Value.Contains('\n', StringComparison.Ordinal))
                    at = new(at.Line, at.Column + split.Position);
                break;
            case YamlList list when list.Items.All(item => item is YamlText):
                split = CommandWords.FromList([.. list.Items.Cast<YamlText>().Select(item => item.Value)]);
                at = split.Position < list.Items.Count ? list.Items[split.Position].At : at;
                break;
            default:
                errors.Add(at, ConfigurationValidatorTexts.CommandExpected(path));
                return null;
        }

        if (split.Error is not null)
            errors.Add(at, ConfigurationValidatorTexts.CommandWrong(path, split.Error));
        return split.Command;
    }

    /// <summary>A mapping of names the developer chooses to texts, which stay as they are written.</summary>
    public IReadOnlyDictionary<string, string> Variables(string key, string example, Func<string, string?> check, int max)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (Get(key) is not { } node)
            return values;
        if (node is not YamlMap map)
        {
            _errors.Add(node.At, ConfigurationValidatorTexts.MappingExpected(PathOf(key), example));
            return values;
        }

        if (map.Entries.Count > max)
            _errors.Add(map.At, ConfigurationValidatorTexts.TooMany(PathOf(key), map.Entries.Count, max));
        foreach (var (name, value) in map.Entries)
        {
            if (check(name.Value) is { } wrong)
                _errors.Add(name.At, wrong);
            else if (value is YamlText { Value.Length: <= MaxTextLength } text)
                values[name.Value] = text.Value;
            else
                _errors.Add(value.At, ConfigurationValidatorTexts.TextExpected($"{PathOf(key)}.{name.Value}", $"{name.Value}: value"));
        }

        return values;
    }

    public string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";
}
