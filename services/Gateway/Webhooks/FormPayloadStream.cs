namespace Paas.Gateway.Webhooks;

/// <summary>The decoded value of the field <c>payload</c> of a form, read as it is needed.</summary>
internal sealed class FormPayloadStream(Stream form) : Stream
{
    private static readonly byte[] Field = "payload="u8.ToArray();
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _position;
    private int _length;
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

    /// <exception cref="FormatException">The form has no such field, or an escape that is none.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_found)
            await FindAsync(cancellationToken);
        var written = 0;
        while (written < buffer.Length && !_ended)
        {
            var value = await NextAsync(cancellationToken);
            if (value is -1 or '&')
            {
                _ended = true;
                break;
            }

            var decoded = value switch
            {
                '+' => ' ',
                '%' => (Hex(await NextAsync(cancellationToken)) << 4) | Hex(await NextAsync(cancellationToken)),
                _ => value,
            };
            buffer.Span[written++] = (byte)decoded;
        }

        return written;
    }

    private async Task FindAsync(CancellationToken cancellation)
    {
        var matched = 0; // -1 within a field of another name
        while (matched < Field.Length)
        {
            var value = await NextAsync(cancellation);
            if (value == -1)
                throw new FormatException("The form has no field named payload.");
            matched = value == '&' ? 0 : matched >= 0 && value == Field[matched] ? matched + 1 : -1;
        }

        _found = true;
    }

    private async ValueTask<int> NextAsync(CancellationToken cancellation)
    {
        if (_position == _length)
        {
            (_position, _length) = (0, await form.ReadAsync(_buffer, cancellation));
            if (_length == 0)
                return -1;
        }

        return _buffer[_position++];
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
