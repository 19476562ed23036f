namespace Paas.Gateway.Webhooks;

/// <summary>The decoded value of the field <c>payload</c> of a form, read as it is needed.</summary>
internal sealed class FormPayloadStream(Stream form) : Stream
{
    private static readonly byte[] Field = "payload="u8.ToArray();
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _position;
    private int _length;
    private int _escape;
    private bool _found;
    private bool _ended;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="FormatException">The form has no such field, or two of them, or an escape that is none.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_found && !await FindAsync(cancellationToken))
            throw new FormatException("The form has no field named payload.");
        _found = true;
        var written = 0;
        while (written < buffer.Length && !_ended && (_position < _length || await FillAsync(cancellationToken)))
            written += Decode(buffer.Span[written..]);
        if (written > 0 || buffer.Length == 0)
            return written;
        // Others would read the second one.
        if (_escape != 0 || await FindAsync(cancellationToken))
            throw new FormatException("The form has a malformed escape, or two fields named payload.");
        return 0;
    }

    /// <returns>How much of the value is in the block that has been read.</returns>
    private int Decode(Span<byte> decoded)
    {
        var written = 0;
        while (_position < _length && written < decoded.Length)
        {
            var value = _buffer[_position++];
            if (_escape != 0)
            {
                // The marker keeps an escape's first digit apart from no digit at all.
                _escape = (_escape << 4) | Hex(value);
                if (_escape < 0x100)
                    continue;
                value = (byte)_escape;
                _escape = 0;
            }
            else if (value == (byte)'&')
            {
                _ended = true;
                break;
            }
            else if (value == (byte)'%')
            {
                _escape = 1;
                continue;
            }
            else if (value == (byte)'+')
            {
                value = (byte)' ';
            }

            decoded[written++] = value;
        }

        return written;
    }

    /// <summary>Reads up to the value of the next field of this name.</summary>
    private async ValueTask<bool> FindAsync(CancellationToken cancellation)
    {
        var matched = 0; // -1 within a field of another name
        while (_position < _length || await FillAsync(cancellation))
        {
            while (_position < _length)
            {
                var value = _buffer[_position++];
                matched = value == '&' ? 0 : matched >= 0 && value == Field[matched] ? matched + 1 : -1;
                if (matched == Field.Length)
                    return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        (_position, _length) = (0, await form.ReadAsync(_buffer, cancellation));
        return _length > 0;
    }

    private static int Hex(int digit) => digit >= 0 && char.IsAsciiHexDigit((char)digit)
        ? digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10
        : throw new FormatException("The form has a malformed escape.");

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
