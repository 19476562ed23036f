using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>Label and field selectors.</summary>
internal static class Selectors
{
    public static Func<JsonObject, bool> Parse(string? labels, string? fields)
    {
        var conditions = Split(labels).Select(Label).Concat(Split(fields).Select(Field)).ToList();
        return thing => conditions.All(condition => condition(thing));
    }

    /// <summary>A selector of an object: <c>matchLabels</c> and <c>matchExpressions</c>.</summary>
    public static bool Matches(JsonObject selector, JsonObject labels) =>
        selector.Map("matchLabels").All(wanted => labels.Text(wanted.Key) == wanted.Value.Text());

    private static Func<JsonObject, bool> Label(string text)
    {
        if (text.Contains(" notin (", StringComparison.Ordinal) || text.Contains(" in (", StringComparison.Ordinal))
        {
            var isNot = text.Contains(" notin (", StringComparison.Ordinal);
            var name = text[..text.IndexOf(' ')];
            var values = text[(text.IndexOf('(') + 1)..].TrimEnd(')').Split(',', StringSplitOptions.TrimEntries);
            return thing => values.Contains(thing.Text("metadata", "labels", name)) != isNot;
        }

        if (Compare(text) is { } comparison)
            return thing => (thing.Text("metadata", "labels", comparison.Name) == comparison.Value) == comparison.IsEqual;
        return text[0] == '!' ? thing => thing.Text("metadata", "labels", text[1..]) is null : thing => thing.Text("metadata", "labels", text) is not null;
    }

    private static Func<JsonObject, bool> Field(string text)
    {
        var comparison = Compare(text) ?? throw ApiError.BadRequest($"invalid field selector: {text}");
        return thing => ((thing.At(comparison.Name.Split('.'))?.ToString() ?? "") == comparison.Value) == comparison.IsEqual;
    }

    private static (string Name, string Value, bool IsEqual)? Compare(string text)
    {
        foreach (var sign in (string[])["!=", "==", "="])
        {
            if (text.IndexOf(sign, StringComparison.Ordinal) is > 0 and var at)
                return (text[..at].Trim(), text[(at + sign.Length)..].Trim(), sign != "!=");
        }

        return null;
    }

    private static List<string> Split(string? text)
    {
        var parts = new List<string>();
        var (depth, start) = (0, 0);
        text ??= "";
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is '(' or ')')
                depth += text[i] == '(' ? 1 : -1;
            if (i < text.Length && (text[i] != ',' || depth > 0))
                continue;
            if (text[start..i].Trim() is { Length: > 0 } part)
                parts.Add(part);
            start = i + 1;
        }

        return parts;
    }
}
