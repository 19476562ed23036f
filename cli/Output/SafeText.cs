using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spectre.Console.Rendering;

namespace Paas.Cli.Output;

/// <summary>
/// Text from strangers (log lines, commit messages, errors), made fit for a terminal: no escape sequences, no
/// control characters, nothing that reorders or hides what stands next to it.
/// </summary>
internal static partial class SafeText
{
    /// <summary>One line.</summary>
    public static string Line(string? text) => Clean(text, keepLineEnds: false).TrimEnd();

    /// <summary>Several lines, each clean.</summary>
    public static string Lines(string? text) => Clean(text, keepLineEnds: true).TrimEnd();

    /// <summary>Cuts a clean line to the cells there are.</summary>
    public static string Fit(string line, int width, bool unicode = true)
    {
        if (width <= 0)
            return "";
        if (Cells(line) <= width)
            return line;
        var mark = unicode ? "…" : "..";
        var fitted = new StringBuilder();
        var room = width - mark.Length;
        foreach (var rune in line.EnumerateRunes())
        {
            room -= Cells(rune.ToString());
            if (room < 0)
                break;
            fitted.Append(rune);
        }

        return fitted.Append(mark).ToString();
    }

    public static int Cells(string line) => Ascii.IsValid(line) ? line.Length : new Segment(line).CellCount();

    private static string Clean(string? text, bool keepLineEnds)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        var plain = EscapeSequences().Replace(text, "");
        var clean = new StringBuilder(plain.Length);
        foreach (var rune in plain.EnumerateRunes())
        {
            if (rune.Value == '\t')
                clean.Append("    ");
            else if (rune.Value == '\n' && keepLineEnds)
                clean.Append('\n');
            else if (rune.Value is '\n' or 0x2028 or 0x2029)
                clean.Append(' ');
            else if (!IsHarmful(rune))
                clean.Append(rune);
        }

        return clean.ToString();
    }

    // Format characters include those that turn the writing direction and those of no width; the joiner of emoji stays.
    private static bool IsHarmful(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Surrogate => true,
        UnicodeCategory.Format => rune.Value != 0x200D,
        _ => false,
    };

    [GeneratedRegex(@"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?")]
    private static partial Regex EscapeSequences();
}
