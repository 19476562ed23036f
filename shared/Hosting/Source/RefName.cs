using System.Text.RegularExpressions;

namespace Paas.Hosting.Source;

/// <summary>The names git allows for branches, tags and refs, after <c>git check-ref-format --allow-onelevel</c>.</summary>
public static partial class RefName
{
    public const int MaxLength = 250;

    /// <returns>What is wrong with the name, for the developer; null if nothing is.</returns>
    public static string? Check(string name) => IsValid(name) ? null : SourceTexts.RefMalformed(name);

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength
        && name != "@"
        && name[0] != '-'
        && !Forbidden().IsMatch(name)
        && name.All(character => !char.IsControl(character) && !char.IsSurrogate(character));

    // Also: a part may not be empty, begin with a dot or end with .lock, and the whole may not end with a dot.
    [GeneratedRegex(@"[ ~^:?*\[\\]|\.\.|@\{|^/|/$|//|(^|/)\.|\.lock(/|$)|\.$")]
    private static partial Regex Forbidden();
}
