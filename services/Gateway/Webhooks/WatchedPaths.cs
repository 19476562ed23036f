using System.Text;
using System.Text.RegularExpressions;

namespace Paas.Gateway.Webhooks;

/// <summary>
/// The paths whose change makes an app worth deploying. As in GitHub's workflows <c>*</c> stands for anything in a name,
/// <c>**</c> for anything, <c>?</c> for one character, and <c>!</c> at the beginning takes out again; the last pattern that
/// fits decides. A folder stands for all that is in it.
/// </summary>
internal sealed class WatchedPaths
{
    public const int MaxPatterns = 50;
    public const int MaxLength = 200;
    private readonly List<(bool Takes, Regex Fits)> _patterns;

    public WatchedPaths(IReadOnlyList<string> patterns)
    {
        _patterns = [.. patterns.Select(pattern => pattern[0] == '!' ? (false, Compile(pattern[1..])) : (true, Compile(pattern)))];
        // With nothing but exceptions all else is meant.
        if (_patterns.All(pattern => !pattern.Takes))
            _patterns.Insert(0, (true, Compile("**")));
    }

    public bool Watches(string path) => _patterns.LastOrDefault(pattern => pattern.Fits.IsMatch(path)) is { Fits: not null, Takes: true };

    /// <returns>Whether it is a pattern.</returns>
    public static bool IsValid(string? pattern) =>
        pattern is { Length: > 0 and <= MaxLength } && !pattern.Any(char.IsControl) && pattern.TrimStart('!').Trim('/').Length > 0 && !pattern.StartsWith("!!", StringComparison.Ordinal);

    private static Regex Compile(string pattern)
    {
        var regex = new StringBuilder("^");
        pattern = pattern.Trim('/');
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                    i++;
                    // "**/" also stands for no folder at all.
                    if (i + 1 < pattern.Length && pattern[i + 1] == '/' && (i == 1 || pattern[i - 2] == '/'))
                    {
                        i++;
                        regex.Append("(.*/)?");
                    }
                    else
                    {
                        regex.Append(".*");
                    }

                    break;
                case '*':
                    regex.Append("[^/]*");
                    break;
                case '?':
                    regex.Append("[^/]");
                    break;
                default:
                    regex.Append(Regex.Escape(pattern[i].ToString()));
                    break;
            }
        }

        // Without backtracking no pattern takes long.
        return new Regex(regex.Append(@"(/.*)?\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }
}
