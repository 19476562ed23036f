using System.Net.Sockets;

namespace Paas.Gateway.Router;

/// <summary>One connection to an instance: what is read from it, and not yet used, stays in a buffer.</summary>
internal sealed class AppConnection(string origin, Socket socket, Stream stream, OpenConnections open) : IDisposable
{
    private const int FirstBufferBytes = 4 * 1024;
    private const int MaxHeadBytes = 64 * 1024;

    private byte[] _buffer = new byte[FirstBufferBytes];
    private int _start;
    private int _end;
    private int _isClosed;

    public string Origin { get; } = origin;

    /// <summary>When it was used last, as the clock's timestamp.</summary>
    public long IdleSince { get; set; }

    /// <summary>It has carried a request before.</summary>
    public bool IsReused { get; set; }

    /// <summary>Something has been read: the app has answered, if only in part.</summary>
    public bool HasRead { get; set; }

    public bool HasBuffered => _start < _end;

    /// <summary>Nothing has come, and the app has not closed it: it can carry another request.</summary>
    public bool IsUsable
    {
        get
        {
            try
            {
                return _start == _end && !socket.Poll(0, SelectMode.SelectRead);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) => stream.WriteAsync(bytes, cancellation);

    /// <summary>Reads to the empty line that ends a head.</summary>
    /// <exception cref="HttpRequestException">The connection ended before, or the head is too long.</exception>
    public async ValueTask<AppAnswer> ReadHeadAsync(CancellationToken cancellation)
    {
        HasRead |= _end > _start;
        var searched = _start;
        while (true)
        {
            // Line by line: an empty one ends the head.
            for (int lineEnd; (lineEnd = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n')) >= 0; searched += lineEnd + 1)
            {
                if (lineEnd != 0 && (lineEnd != 1 || _buffer[searched] != '\r'))
                    continue;
                var answer = AppAnswer.Parse(_buffer.AsSpan(_start, searched - _start));
                _start = searched + lineEnd + 1;
                return answer;
            }

            if (_end - _start >= MaxHeadBytes)
                throw AppAnswer.Malformed("more headers than 64 KB");
            searched -= _start; // what is unused moves to the beginning
            if (!await FillAsync(cancellation))
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "It closed the connection without an answer.");
        }
    }

    /// <summary>Reads a line, without its end.</summary>
    public async ValueTask<string> ReadLineAsync(int maxLength, CancellationToken cancellation)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (end > maxLength || (end < 0 && _end - _start > maxLength))
                throw AppAnswer.Malformed("a chunk");
            if (end >= 0)
            {
                var line = System.Text.Encoding.Latin1.GetString(_buffer, _start, end).TrimEnd('\r');
                _start += end + 1;
                return line;
            }

            if (!await FillAsync(cancellation))
                throw Ended();
        }
    }

    /// <returns>0 at the end of the connection.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> into, CancellationToken cancellation)
    {
        if (_start == _end)
            return await stream.ReadAsync(into, cancellation);
        var count = Math.Min(into.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(into);
        _start += count;
        return count;
    }

    public static HttpIOException Ended() => new(HttpRequestError.ResponseEnded, "It closed the connection in the middle of its answer.");

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 1)
            return;
        stream.Dispose();
        socket.Dispose();
        open.Closed();
    }

    /// <summary>Makes room, and reads more. What has not been used begins the buffer afterwards.</summary>
    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        var left = _end - _start;
        if (left == _buffer.Length)
            Array.Resize(ref _buffer, Math.Min(2 * _buffer.Length, MaxHeadBytes + FirstBufferBytes));
        _buffer.AsSpan(_start, left).CopyTo(_buffer);
        (_start, _end) = (0, left);
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        HasRead |= read > 0;
        _end += read;
        return read > 0;
    }
}
