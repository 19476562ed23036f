using System.Globalization;
using System.Text;

namespace Paas.Gateway.Router;

/// <summary>Writes the body of a request, in chunks if its length is not known.</summary>
internal sealed class RequestBody(AppConnection connection, bool isChunked) : Stream
{
    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();

    /// <summary>The app has closed the connection, or its half of it.</summary>
    public bool IsBroken { get; private set; }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
            return;
        try
        {
            if (isChunked)
                await connection.WriteAsync(Encoding.ASCII.GetBytes(buffer.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), cancellationToken);
            await connection.WriteAsync(buffer, cancellationToken);
            if (isChunked)
                await connection.WriteAsync(LineEnd, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            IsBroken = true;
            throw;
        }
    }

    public async Task CompleteAsync(CancellationToken cancellation)
    {
        if (!isChunked || IsBroken)
            return;
        try
        {
            await connection.WriteAsync("0\r\n\r\n"u8.ToArray(), cancellation);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            IsBroken = true;
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
