using System.Text;
using System.Text.RegularExpressions;

namespace Paas.ImageBuilder.Docker.Sources;

/// <summary>An instruction of a Dockerfile.</summary>
/// <param name="Line">The number of its first line.</param>
/// <param name="Name">In upper case: <c>ADD</c>.</param>
/// <param name="Text">All that follows, in one line.</param>
/// <param name="IsCertain">False for a line that only some engines take for an instruction.</param>
internal sealed record DockerfileInstruction(int Line, string Name, string Text, bool IsCertain);

/// <summary>
/// Reads a Dockerfile into instructions. Engines differ in where one ends: they know here-documents or do not, and take
/// comments and escaped escapes at an end of line one way or the other. So every line that could begin an instruction of
/// interest is read as one, in each of the ways: what is refused can't be hidden from the platform and shown to the engine.
/// </summary>
internal static partial class DockerfileLines
{
    private const int MaxInstructionLength = 64 * 1024;
    private const int MaxRead = 16 * 1024 * 1024;
    private static readonly HashSet<string> OfInterest = ["ADD", "ARG", "COPY", "ENV", "FROM", "ONBUILD", "RUN"];

    /// <returns>Null for one that is made to keep its reader busy.</returns>
    public static IReadOnlyList<DockerfileInstruction>? Read(string dockerfile)
    {
        var lines = dockerfile.TrimStart('\uFEFF').Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
        char[] escapes = lines.Any(line => EscapeDirective().IsMatch(line)) ? ['\\', '`'] : ['\\'];
        var certain = Beginnings(lines, escapes[^1]);
        var found = new HashSet<DockerfileInstruction>();
        var read = 0;
        for (var number = 0; number < lines.Length; number++)
        {
            if (First().Match(lines[number]) is not { Success: true } first || !OfInterest.Contains(first.Groups["name"].Value.ToUpperInvariant()))
                continue;
            foreach (var escape in escapes)
            {
                foreach (var isStrict in new[] { true, false })
                {
                    var text = First().Match(Join(lines, number, escape, isStrict, out _)).Groups["text"].Value;
                    if ((read += text.Length) > MaxRead)
                        return null;
                    found.Add(new(number + 1, first.Groups["name"].Value.ToUpperInvariant(), text, certain.Contains(number)));
                }
            }
        }

        return [.. found];
    }

    /// <summary>What a Dockerfile says by which frontend it is to be read; each form that some engine knows.</summary>
    public static IEnumerable<(int Line, string Image)> Frontends(string dockerfile)
    {
        var lines = dockerfile.TrimStart('\uFEFF').Split('\n');
        for (var number = 0; number < lines.Length; number++)
        {
            if (SyntaxDirective().Match(lines[number].TrimEnd('\r')) is { Success: true } match)
                yield return (number + 1, match.Groups["image"].Value.Trim());
            else if (lines[number].Trim() is { Length: > 0 } line && line[0] is not ('#' or '/' or '{' or '"' or '}'))
                break;
        }
    }

    /// <summary>The lines at which instructions begin for an engine of today.</summary>
    private static HashSet<int> Beginnings(string[] lines, char escape)
    {
        var beginnings = new HashSet<int>();
        for (var number = 0; number < lines.Length; number++)
        {
            if (lines[number].Trim() is not { Length: > 0 } line || line[0] == '#')
                continue;
            beginnings.Add(number);
            var instruction = Join(lines, number, escape, isStrict: true, out var last);
            number = last;
            if (!MayHaveHereDocuments().IsMatch(instruction))
                continue;
            foreach (Match document in HereDocument().Matches(instruction))
            {
                var (end, isIndented) = (document.Groups["word"].Value, document.Groups["dash"].Length > 0);
                while (++number < lines.Length && (isIndented ? lines[number].TrimStart('\t') : lines[number]) != end)
                {
                    // Content.
                }
            }
        }

        return beginnings;
    }

    private static string Join(string[] lines, int first, char escape, bool isStrict, out int last)
    {
        var text = new StringBuilder(lines[first]);
        last = first;
        var goesOn = Continues(text, escape, isStrict);
        while (goesOn && last + 1 < lines.Length && text.Length < MaxInstructionLength)
        {
            last++;
            if (lines[last].Trim() is not { Length: > 0 } next || next[0] == '#')
                continue;
            text.Append(lines[last]);
            goesOn = Continues(text, escape, isStrict);
        }

        return text.ToString();
    }

    /// <summary>Takes the sign off the end that says that the next line belongs to this one.</summary>
    private static bool Continues(StringBuilder text, char escape, bool isStrict)
    {
        var end = text.Length;
        while (end > 0 && text[end - 1] is (' ' or '\t'))
            end--;
        if (end == 0 || text[end - 1] != escape || (isStrict && end > 1 && text[end - 2] == escape))
            return false;
        text.Length = end - 1;
        return true;
    }

    [GeneratedRegex(@"\A\s*(?<name>[A-Za-z]+)(\s+(?<text>.*))?\z", RegexOptions.Singleline)]
    private static partial Regex First();

    [GeneratedRegex(@"\A\s*#\s*escape\s*=\s*`", RegexOptions.IgnoreCase)]
    private static partial Regex EscapeDirective();

    [GeneratedRegex(@"\A\s*((#|//)\s*syntax\s*=(?<image>.+)|\{?\s*""syntax""\s*:\s*""(?<image>[^""]*)"".*)\z", RegexOptions.IgnoreCase)]
    private static partial Regex SyntaxDirective();

    [GeneratedRegex(@"\A\s*(RUN|COPY|ADD)\s", RegexOptions.IgnoreCase)]
    private static partial Regex MayHaveHereDocuments();

    [GeneratedRegex(@"(?<!<)<<(?<dash>-?)(?<quote>[""']?)(?<word>[A-Za-z_][\w.-]*)\k<quote>(?=\s|\z|[;&|)>])")]
    private static partial Regex HereDocument();
}
