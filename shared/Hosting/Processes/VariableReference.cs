namespace Paas.Hosting.Processes;

/// <summary>A <c>$NAME</c>, <c>${NAME}</c> or <c>${NAME:-text}</c> within a text.</summary>
/// <param name="Name">The variable.</param>
/// <param name="Default">What stands for a variable that is not set or empty.</param>
/// <param name="Length">How many characters the reference takes in the text.</param>
internal sealed record VariableReference(string Name, string? Default, int Length)
{
    /// <summary>Reads the reference that begins at a position, if one does.</summary>
    public static VariableReference? TryRead(string text, int start)
    {
        if (start + 1 >= text.Length || text[start] != '$')
            return null;
        if (text[start + 1] != '{')
        {
            var bare = NameLength(text, start + 1);
            return bare == 0 ? null : new(text.Substring(start + 1, bare), null, bare + 1);
        }

        var length = NameLength(text, start + 2);
        var end = text.IndexOf('}', start);
        if (length == 0 || end < 0)
            return null;
        var name = text.Substring(start + 2, length);
        var rest = text[(start + 2 + length)..end];
        if (rest.Length == 0)
            return new(name, null, end - start + 1);
        return rest.StartsWith(":-", StringComparison.Ordinal) && rest.IndexOfAny(['$', '{', '`', '\'', '"', '\\', '\n', '\r']) < 0
            ? new(name, rest[2..], end - start + 1)
            : null;
    }

    /// <summary>Whether a word is <c>$NAME</c> and nothing else.</summary>
    public static bool IsWholeWord(string word) =>
        word.Length > 1 && word[0] == '$' && NameLength(word, 1) == word.Length - 1;

    /// <summary>Whether a dollar sign that begins no reference means something to a shell.</summary>
    public static bool NeedsShell(string text, int dollar) =>
        dollar + 1 < text.Length && (text[dollar + 1] is '(' or '{' or '[' or '@' or '*' or '#' or '?' or '$' or '!' or '-'
            || char.IsAsciiDigit(text[dollar + 1]));

    public static int NameLength(string text, int start)
    {
        var end = start;
        while (end < text.Length && IsNamePart(text[end]) && (end > start || !char.IsAsciiDigit(text[end])))
            end++;
        return end - start;
    }

    public static bool IsNamePart(char c) => c == '_' || char.IsAsciiLetterOrDigit(c);
}
