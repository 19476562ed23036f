using System.Text;
using System.Text.RegularExpressions;

namespace Paas.ImageBuilder.Docker.Sources;

/// <summary>
/// What a Dockerfile's variables may be. Which of several values counts where is the engine's to know: each is looked at.
/// </summary>
internal sealed partial class DockerfileVariables
{
    /// <summary>Stands for text that can't be told.</summary>
    public const char Unknown = '\0';

    private const int MaxValues = 64;
    private const int MaxLength = 4096;
    private const int MaxDepth = 12;
    private static readonly char[] Escapes = ['\\', '`'];
    private static readonly string[] Untold = [Unknown.ToString()];

    private readonly Dictionary<string, HashSet<Value>> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _expanding = [];

    /// <param name="instructions">Of the Dockerfile.</param>
    /// <param name="args">Given to the build: they count instead of what an <c>ARG</c> says.</param>
    /// <param name="architecture">Of the engine, in its own words.</param>
    public DockerfileVariables(IEnumerable<DockerfileInstruction> instructions, IReadOnlyDictionary<string, string> args, string? architecture)
    {
        var cpu = architecture switch { "x86_64" => "amd64", "aarch64" => "arm64", null => "amd64", _ => architecture };
        foreach (var side in new[] { "TARGET", "BUILD" })
        {
            Add(side + "OS", "linux");
            Add(side + "ARCH", cpu);
            Add(side + "VARIANT", "");
            Add(side + "PLATFORM", "linux/" + cpu);
        }

        foreach (var instruction in instructions)
        {
            if (instruction.Name == "ARG")
                AddArgs(instruction.Text, args);
            else if (instruction.Name == "ENV")
                AddEnvironment(instruction.Text);
        }
    }

    /// <summary>All that a word may come to, without its quotes; <see cref="Unknown"/> where that can't be told.</summary>
    public IReadOnlyCollection<string> Expand(string word) => Escapes.SelectMany(escape => Expand(word, escape, 0)).ToHashSet();

    private void AddArgs(string text, IReadOnlyDictionary<string, string> given)
    {
        foreach (var word in Words(text))
        {
            var name = word.Split('=')[0];
            if (given.TryGetValue(name, out var value))
                Add(name, value, isLiteral: true);
            else
                Add(name, name.Length == word.Length ? "" : word[(name.Length + 1)..]);
        }
    }

    private void AddEnvironment(string text)
    {
        var words = Words(text).ToList();
        if (words is [var name, ..] && !name.Contains('=', StringComparison.Ordinal))
            Add(name, text.TrimStart()[name.Length..].Trim());
        foreach (var word in words.Where(word => word.Contains('=', StringComparison.Ordinal)))
            Add(word.Split('=')[0], word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..]);
    }

    private void Add(string name, string value, bool isLiteral = false)
    {
        if (!_values.TryGetValue(name, out var values))
            _values[name] = values = [];
        if (values.Count < MaxValues)
            values.Add(new(value, isLiteral));
    }

    /// <summary>What is written apart, quotes and all.</summary>
    public static IEnumerable<string> Words(string text)
    {
        var (word, quote) = (new StringBuilder(), '\0');
        for (var i = 0; i < text.Length; i++)
        {
            var character = text[i];
            if (quote == '\0' && char.IsWhiteSpace(character))
            {
                if (word.Length > 0)
                    yield return word.ToString();
                word.Clear();
                continue;
            }

            word.Append(character);
            if (character is '\\' or '`' && quote != '\'' && i + 1 < text.Length)
                word.Append(text[++i]);
            else if (quote == character)
                quote = '\0';
            else if (quote == '\0' && character is '"' or '\'')
                quote = character;
        }

        if (word.Length > 0)
            yield return word.ToString();
    }

    private IReadOnlyCollection<string> Expand(string word, char escape, int depth)
    {
        if (depth > MaxDepth || word.Length > MaxLength)
            return Untold;
        HashSet<string> results = [""];
        var quote = '\0';
        for (var i = 0; i < word.Length; i++)
        {
            var character = word[i];
            if (quote == '\'' && character != quote)
                results = Append(results, [character.ToString()]);
            else if (character == quote)
                quote = '\0';
            else if (quote == '\0' && character is '"' or '\'')
                quote = character;
            else if (character == '$' && Reference().Match(word, i) is { Success: true } reference)
                (results, i) = (Append(results, ValuesOf(reference, escape, depth)), i + reference.Length - 1);
            else if (character == '$' && i + 1 < word.Length && word[i + 1] == '{')
                return Append(results, Untold); // ${X#pattern}, ${X/a/b}: what comes of it only engines of today know
            else if (character == escape && i + 1 < word.Length)
                results = Append(results, [word[++i].ToString()]);
            else
                results = Append(results, [character.ToString()]);
            if (results.Any(result => result.Length > MaxLength))
                return Untold;
        }

        return results;
    }

    private IReadOnlyCollection<string> ValuesOf(Match reference, char escape, int depth)
    {
        var name = reference.Groups["name"].Value;
        var isKnown = _values.TryGetValue(name, out var raw);
        if (!_expanding.Add(name))
            return [""]; // PATH=$PATH:/bin
        try
        {
            var values = isKnown ? raw!.SelectMany(value => value.IsLiteral ? [value.Text] : Expand(value.Text, escape, depth + 1)).ToHashSet() : [];
            switch (reference.Groups["how"].Value)
            {
                case "" or ":?" or "?":
                    return isKnown ? values : Untold;
                case ":+" or "+":
                    return [.. Expand(reference.Groups["word"].Value, escape, depth + 1), ""];
                default:
                    if (!isKnown || values.Remove(""))
                        values.UnionWith(Expand(reference.Groups["word"].Value, escape, depth + 1));
                    return values;
            }
        }
        finally
        {
            _expanding.Remove(name);
        }
    }

    private static HashSet<string> Append(HashSet<string> results, IReadOnlyCollection<string> endings)
    {
        if (results.Count * endings.Count > MaxValues)
            return [.. Untold];
        return [.. results.SelectMany(_ => endings, (result, ending) => result + ending)];
    }

    // With what stands for a variable that is empty; one level of braces within.
    [GeneratedRegex(@"\G\$(\{(?<name>\w+)((?<how>:?[-+?])(?<word>([^{}$]|\$\{[^{}]*\}|\$)*))?\}|(?<name>[A-Za-z_]\w*))")]
    private static partial Regex Reference();

    /// <param name="Text">As it stands in the Dockerfile, or as it was given to the build.</param>
    /// <param name="IsLiteral">Whether neither quotes nor variables mean anything in it.</param>
    private sealed record Value(string Text, bool IsLiteral);
}
