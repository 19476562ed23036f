namespace Paas.Cli.Output;

/// <summary>A list in aligned columns; the last one is cut to the terminal's width, and nothing is where there is none.</summary>
internal sealed class Columns(params string[] titles)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string?[] cells) => _rows.Add([.. cells.Select(SafeText.Line)]);

    public void Write(Terminal terminal)
    {
        string[][] all = [titles, .. _rows];
        var widths = titles.Select((_, column) => all.Max(row => SafeText.Cells(row[column]))).ToArray();
        foreach (var row in all)
        {
            var line = string.Concat(row.Select((cell, column) => column == row.Length - 1 ? cell : cell + new string(' ', widths[column] - SafeText.Cells(cell) + 2)));
            terminal.Out.WriteLine(SafeText.Fit(line.TrimEnd(), terminal.Width, terminal.IsUnicode));
        }
    }
}
