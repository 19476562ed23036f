using System.Text;
using System.Text.Json;
using Paas.Cli.Platform;

namespace Paas.Cli.Config;

/// <summary>Config vars as a file of NAME=value lines, as .env files are, or as a JSON object.</summary>
internal static class EnvFile
{
    public static string Write(IEnumerable<KeyValuePair<string, string>> variables)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in variables)
            text.Append(name).Append('=').Append(IsPlain(value) ? value : Quote(value)).Append('\n');
        return text.ToString();
    }

    /// <param name="text">Lines of NAME=value, with or without <c>export</c>; values may be quoted; or a JSON object.</param>
    /// <param name="file">Where it is from, for errors.</param>
    /// <exception cref="CliException">A line sets nothing, or a name comes twice.</exception>
    public static Dictionary<string, string?> Read(string text, string file)
    {
        if (text.TrimStart().StartsWith('{'))
            return ReadJson(text, file);
        var variables = new Dictionary<string, string?>();
        for (int at = 0, line = 1; at < text.Length;)
        {
            var begun = line;
            var name = ReadName(text, ref at);
            if (name is null)
            {
                // Empty, or a comment.
                SkipLine(text, ref at);
                line++;
                continue;
            }

            if (name.Length == 0 || name.Any(char.IsWhiteSpace) || ReadValue(text, ref at, ref line) is not { } value)
                throw CliException.Usage(CliTexts.ConfigLineMalformed(file, begun));
            if (!variables.TryAdd(name, value))
                throw CliException.Usage(CliTexts.NamedTwice(name));
        }

        return variables;
    }

    private static Dictionary<string, string?> ReadJson(string text, string file)
    {
        try
        {
            var variables = JsonSerializer.Deserialize(text, ApiJson.Default.DictionaryStringString)!;
            return variables.Any(variable => variable.Value is null) ? throw new JsonException() : variables;
        }
        catch (JsonException exception)
        {
            throw CliException.Usage(CliTexts.ConfigLineMalformed(file, (int)(exception.LineNumber ?? 0) + 1));
        }
    }

    /// <returns>The name before the equals sign; empty if there is none, null if the line has nothing to read.</returns>
    private static string? ReadName(string text, ref int at)
    {
        var end = text.IndexOf('\n', at);
        var line = end < 0 ? text.AsSpan(at) : text.AsSpan(at, end - at);
        if (line.Trim() is [] or ['#', ..])
            return null;
        var equals = line.IndexOf('=');
        if (equals < 0)
            return "";
        at += equals + 1;
        var name = line[..equals].Trim();
        return (name.StartsWith("export ") ? name["export ".Length..].Trim() : name).ToString();
    }

    /// <returns>Null if a quote is not closed, or is followed by something else than a comment.</returns>
    private static string? ReadValue(string text, ref int at, ref int line)
    {
        while (at < text.Length && text[at] is ' ' or '\t')
            at++;
        if (at >= text.Length || text[at] is not ('"' or '\''))
        {
            var rest = TakeLine(text, ref at, ref line);
            // A # is part of a value, such as a URL's or a password's; after a space it begins a comment.
            var comment = rest.IndexOf(" #", StringComparison.Ordinal);
            return (comment < 0 ? rest : rest[..comment]).Trim();
        }

        var quote = text[at++];
        var value = new StringBuilder();
        for (; at < text.Length && text[at] != quote; at++)
        {
            if (text[at] == '\n')
                line++;
            if (quote == '"' && text[at] == '\\' && at + 1 < text.Length)
                value.Append(text[++at] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', var other => other });
            else
                value.Append(text[at]);
        }

        if (at++ >= text.Length)
            return null;
        return TakeLine(text, ref at, ref line).Trim() is "" or ['#', ..] ? value.ToString() : null;
    }

    private static string TakeLine(string text, ref int at, ref int line)
    {
        var begin = at;
        SkipLine(text, ref at);
        line++;
        return text[begin..at].TrimEnd('\r', '\n');
    }

    private static void SkipLine(string text, ref int at)
    {
        var end = text.IndexOf('\n', at);
        at = end < 0 ? text.Length : end + 1;
    }

    private static bool IsPlain(string value) => value.All(character => char.IsAsciiLetterOrDigit(character) || "_-./:@%+,=?&~*".Contains(character, StringComparison.Ordinal));

    private static string Quote(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var character in value)
            text.Append(character switch { '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", var other => other.ToString() });
        return text.Append('"').ToString();
    }
}
