using System.Buffers;
using System.Text;

namespace Paas.Cli.Output;

/// <summary>Writes this command's own typographic signs in ASCII; everything else passes as it is.</summary>
internal sealed class AsciiWriter(TextWriter inner) : TextWriter
{
    private static readonly SearchValues<char> Signs = SearchValues.Create("…✓✗·–—•");

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value)
    {
        switch (value)
        {
            case '…':
                inner.Write("...");
                break;
            case '✓':
                inner.Write("ok");
                break;
            case '✗':
                inner.Write("!!");
                break;
            case '·' or '–' or '—':
                inner.Write('-');
                break;
            case '•':
                inner.Write('*');
                break;
            default:
                inner.Write(value);
                break;
        }
    }

    public override void Write(string? value)
    {
        if (value is null)
            return;
        if (value.AsSpan().IndexOfAny(Signs) < 0)
            inner.Write(value);
        else
            base.Write(value);
    }

    // In one piece, so that a line is not torn apart by another's.
    public override void WriteLine(string? value) => Write(value + NewLine);

    public override void Flush() => inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
