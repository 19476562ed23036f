using System.Text;
using System.Text.RegularExpressions;

namespace Paas.ImageBuilder.Docker;

/// <summary>Makes lines of output that comes in pieces. A line is never kept longer than anybody would read.</summary>
internal sealed partial class LineBuffer(Action<string> onLine)
{
    private const int MaxLength = 4_000;
    private readonly StringBuilder _line = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        Append(characters.AsSpan(0, _decoder.GetChars(bytes, characters, flush: false)));
    }

    public void Append(ReadOnlySpan<char> text)
    {
        while (text.IndexOf('\n') is var end and >= 0)
        {
            AppendPart(text[..end]);
            Flush(always: true);
            text = text[(end + 1)..];
        }

        AppendPart(text);
    }

    /// <summary>Ends the last line.</summary>
    public void Flush() => Flush(always: false);

    private void AppendPart(ReadOnlySpan<char> part)
    {
        // A progress bar draws itself anew: only its last look is worth a line.
        if (part.TrimEnd('\r').LastIndexOf('\r') is var restart and >= 0)
        {
            _line.Clear();
            part = part[(restart + 1)..];
        }

        _line.Append(part[..Math.Min(part.Length, MaxLength - Math.Min(MaxLength, _line.Length))]);
    }

    private void Flush(bool always)
    {
        if (_line.Length == 0 && !always)
            return;
        var line = Colors().Replace(_line.ToString().TrimEnd('\r'), "");
        _line.Clear();
        onLine(line);
    }

    [GeneratedRegex(@"\x1b\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Colors();
}
