using Paas.ConfigurationValidator.Source;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary>A piece of a YAML document and where it stands. Values are the text as written, never a type YAML guesses.</summary>
internal abstract record YamlNode(Position At);

internal sealed record YamlText(Position At, string Value, bool IsPlain) : YamlNode(At)
{
    /// <summary>A key without a value.</summary>
    public bool IsNothing => IsPlain && Value is "" or "~" or "null";
}

internal sealed record YamlList(Position At, IReadOnlyList<YamlNode> Items) : YamlNode(At);

internal sealed record YamlMap(Position At, IReadOnlyList<YamlEntry> Entries) : YamlNode(At);

internal sealed record YamlEntry(YamlText Key, YamlNode Value);
