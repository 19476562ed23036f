using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker;

/// <summary>
/// A <c>.dockerignore</c>, read as Docker's own matcher (github.com/moby/patternmatcher) reads it: the last line that fits
/// a path, or a folder it is in, decides.
/// </summary>
internal sealed class DockerIgnore
{
    private const int MaxPatterns = 1_000;
    private readonly List<(IgnorePattern Pattern, bool IsException)> _lines = [];

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
            if (isException)
                pattern = pattern[1..].Trim();
            if (ignore._lines.Count == MaxPatterns)
                throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.TooManyPatterns(file, MaxPatterns));
            if (pattern.Length == 0 || IgnorePattern.Parse(Clean(pattern)) is not { } read)
                throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.PatternInvalid(file, number, isException ? "!" + pattern : pattern));
            ignore._lines.Add((read, isException));
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

    private static bool Fits(IgnorePattern pattern, string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            if (pattern.Fits(path.AsSpan(0, end)))
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
}
