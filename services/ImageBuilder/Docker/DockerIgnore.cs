using System.Text;
using System.Text.RegularExpressions;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker;

/// <summary>
/// A <c>.dockerignore</c>, as https://docs.docker.com/build/concepts/context/#dockerignore-files says: the last line that
/// fits a path, or a folder it is in, decides.
/// </summary>
internal sealed class DockerIgnore
{
    private const int MaxPatterns = 1_000;
    private readonly List<(Regex Pattern, bool IsException)> _lines = [];

    public static DockerIgnore Nothing { get; } = new();

    /// <exception cref="StepFailedException">It can't be read.</exception>
    public static DockerIgnore Parse(string file, string text)
    {
        var ignore = new DockerIgnore();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (line.StartsWith('#') || line.Trim() is not { Length: > 0 } pattern)
                continue;
            var isException = pattern.StartsWith('!');
            if (Clean(isException ? pattern[1..].Trim() : pattern) is not { Length: > 0 } path)
                continue;
            if (ignore._lines.Count == MaxPatterns)
                throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.TooManyPatterns(file, MaxPatterns));
            try
            {
                ignore._lines.Add((new Regex(ToRegex(path), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline), isException));
            }
            catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
            {
                throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.PatternInvalid(file, number, pattern));
            }
        }

        return ignore;
    }

    /// <param name="path">Within the context, without a slash at its end.</param>
    public bool Excludes(string path)
    {
        var excluded = false;
        foreach (var (pattern, isException) in _lines)
        {
            // Only a line that would change the answer has to be looked at.
            if (excluded == isException && Fits(pattern, path))
                excluded = !isException;
        }

        return excluded;
    }

    private static bool Fits(Regex pattern, string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            if (pattern.IsMatch(path.AsSpan(0, end)))
                return true;
        }

        return false;
    }

    /// <summary>As Go's <c>filepath.Clean</c>: no <c>.</c>, no <c>..</c> within, no slash at either end.</summary>
    private static string Clean(string pattern)
    {
        var parts = new List<string>();
        foreach (var part in pattern.Split('/').Where(part => part.Length > 0 && part != "."))
        {
            if (part == ".." && parts.Count > 0 && parts[^1] != "..")
                parts.RemoveAt(parts.Count - 1);
            else if (part != ".." || !pattern.StartsWith('/'))
                parts.Add(part);
        }

        return string.Join('/', parts);
    }

    private static string ToRegex(string pattern)
    {
        var regex = new StringBuilder(@"\A");
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                    i++;
                    if (i + 1 < pattern.Length && pattern[i + 1] == '/')
                        i++;
                    regex.Append(i + 1 == pattern.Length ? ".*" : "(.*/)?");
                    break;
                case '*':
                    regex.Append("[^/]*");
                    break;
                case '?':
                    regex.Append("[^/]");
                    break;
                case '[':
                    i = AppendClass(regex, pattern, i);
                    break;
                case '\\' when i + 1 < pattern.Length:
                    regex.Append(Regex.Escape(pattern[++i].ToString()));
                    break;
                default:
                    regex.Append(Regex.Escape(pattern[i].ToString()));
                    break;
            }
        }

        return regex.Append(@"\z").ToString();
    }

    /// <summary>A set such as <c>[a-z]</c> or <c>[^a-z]</c>; what means more to .NET than to Go is made plain.</summary>
    private static int AppendClass(StringBuilder regex, string pattern, int start)
    {
        var end = pattern.IndexOf(']', start + 1);
        if (end < 0)
            throw new ArgumentException("The set is not closed.");
        var set = pattern[(start + 1)..end].Replace(@"\", @"\\", StringComparison.Ordinal).Replace("[", @"\[", StringComparison.Ordinal);
        regex.Append('[').Append(set).Append(']');
        return end;
    }
}
