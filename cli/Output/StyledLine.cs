using Spectre.Console;
using Spectre.Console.Rendering;

namespace Paas.Cli.Output;

/// <summary>A line made of clean pieces of text; never of markup, in which a stranger's brackets would mean something.</summary>
internal sealed class StyledLine(params (string Text, Style Style)[] pieces)
{
    public static readonly Style Plain = Style.Plain;
    public static readonly Style Dim = new(decoration: Decoration.Dim);
    public static readonly Style Bold = new(decoration: Decoration.Bold);
    public static readonly Style Good = new(Color.Green);
    public static readonly Style Bad = new(Color.Red);
    public static readonly Style Busy = new(Color.Yellow);
    public static readonly Style Link = new(Color.Aqua);

    public override string ToString() => string.Concat(pieces.Select(piece => piece.Text)).TrimEnd();

    /// <summary>On one row of the terminal, cut where it ends.</summary>
    public IRenderable Fitted(int width, bool unicode)
    {
        var paragraph = new Paragraph();
        foreach (var (text, style) in pieces)
        {
            var fitted = SafeText.Fit(text, width, unicode);
            paragraph.Append(fitted, style);
            width -= SafeText.Cells(fitted);
        }

        return paragraph;
    }

    /// <summary>On as many rows as it needs.</summary>
    public IRenderable Wrapped()
    {
        var paragraph = new Paragraph();
        foreach (var (text, style) in pieces)
            paragraph.Append(text, style);
        return paragraph;
    }
}
