using System.Globalization;

namespace Paas.Gateway.Router;

/// <summary>
/// The body of an app's answer, without its framing. Its end ends the exchange: the connection can carry another one, or
/// is closed.
/// </summary>
internal sealed class AppAnswerBody(AppExchange exchange, AppConnection connection, long? length, bool isChunked) : Stream
{
    private const int MaxChunkLine = 1_024;
    private const int MaxTrailerLines = 100;
    private long _left = isChunked ? 0 : length ?? long.MaxValue;
    private bool _hasChunk;
    private bool _hasEnded;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_hasEnded || buffer.Length == 0)
            return 0;
        if (isChunked && _left == 0 && !await NextChunkAsync(cancellationToken))
            return End(isWhole: true);
        if (length == 0)
            return End(isWhole: true);
        var read = 0;
        try
        {
            read = await connection.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        }
        catch (IOException) when (length is null && !isChunked && !exchange.HasSentAll)
        {
            // The app did not want the rest of the request, and closed the connection with it unread.
        }

        if (read == 0)
            return length is null && !isChunked ? End(isWhole: false) : throw AppConnection.Ended();
        if (length is not null || isChunked)
            _left -= read;
        if (length is not null && _left == 0)
        {
            End(isWhole: true);
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_hasEnded)
            exchange.End(canGoOn: false);
        base.Dispose(disposing);
    }

    private int End(bool isWhole)
    {
        _hasEnded = true;
        exchange.End(canGoOn: isWhole);
        return 0;
    }

    private async ValueTask<bool> NextChunkAsync(CancellationToken cancellation)
    {
        if (_hasChunk && await connection.ReadLineAsync(MaxChunkLine, cancellation) is not "")
            throw AppAnswer.Malformed("a chunk");
        var line = await connection.ReadLineAsync(MaxChunkLine, cancellation);
        var size = line.AsSpan(0, line.IndexOf(';') is >= 0 and var end ? end : line.Length).Trim();
        if (size.Length is 0 or > 15 || !long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left))
            throw AppAnswer.Malformed("a chunk");
        _hasChunk = true;
        if (_left > 0)
            return true;
        for (var i = 0; i < MaxTrailerLines; i++)
        {
            if (await connection.ReadLineAsync(8 * MaxChunkLine, cancellation) is "")
                return false;
        }

        throw AppAnswer.Malformed("more trailers than a hundred");
    }
}
