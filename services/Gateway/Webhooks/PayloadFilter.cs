namespace Paas.Gateway.Webhooks;

/// <summary>
/// Shortens what is long in JSON before it is parsed: the rest of a string beyond a length nobody needs, and runs of
/// white space. So every token fits into a small buffer, however large the document is.
/// </summary>
internal struct PayloadFilter
{
    public const int MaxStringBytes = 8 * 1024;
    private const int MaxWhiteSpace = 256;

    private bool _inString;
    private bool _escaped;
    private int _hexDigits;
    private bool _cutting;
    private int _length;
    private int _whiteSpace;

    /// <summary>Works in place, also over the borders of blocks.</summary>
    /// <returns>How much is left.</returns>
    public int Apply(Span<byte> json)
    {
        var kept = 0;
        foreach (var value in json)
        {
            if (_inString ? KeepInString(value) : KeepOutside(value))
                json[kept++] = value;
        }

        return kept;
    }

    private bool KeepOutside(byte value)
    {
        if (value is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            return ++_whiteSpace <= MaxWhiteSpace;
        _whiteSpace = 0;
        if (value == (byte)'"')
            (_inString, _cutting, _length) = (true, false, 0);
        return true;
    }

    private bool KeepInString(byte value)
    {
        var atBoundary = !_escaped && _hexDigits == 0;
        if (_escaped)
        {
            _escaped = false;
            _hexDigits = value == (byte)'u' ? 4 : 0;
        }
        else if (_hexDigits > 0)
        {
            _hexDigits--;
        }
        else if (value == (byte)'\\')
        {
            _escaped = true;
        }
        else if (value == (byte)'"')
        {
            _inString = false;
            return true;
        }

        // Neither an escape nor a character of several bytes is cut in two.
        if (!_cutting && ++_length > MaxStringBytes && atBoundary && (value & 0xC0) != 0x80)
            _cutting = true;
        return !_cutting;
    }
}
