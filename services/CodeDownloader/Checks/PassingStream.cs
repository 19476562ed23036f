namespace Paas.CodeDownloader.Checks;

/// <summary>Hands to one side what is read from the other, or holds it back until it is known whether it may pass.</summary>
internal sealed class PassingStream(Stream source, Stream destination) : Stream
{
    private readonly MemoryStream _held = new();
    private bool _holds;

    public long Passed { get; private set; }

    /// <summary>Holds back what is read from here on.</summary>
    public void Hold() => _holds = true;

    /// <summary>Lets pass what was held back, or only its beginning, and what is read from here on.</summary>
    public async Task ReleaseAsync(int? bytes = null)
    {
        _holds = false;
        var held = _held.GetBuffer().AsMemory(0, bytes ?? (int)_held.Length);
        _held.SetLength(0);
        await destination.WriteAsync(held);
        Passed += held.Length;
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await source.ReadAsync(buffer, cancellationToken);
        if (_holds)
        {
            _held.Write(buffer.Span[..read]);
            return read;
        }

        await destination.WriteAsync(buffer[..read], cancellationToken);
        Passed += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = source.Read(buffer, offset, count);
        if (_holds)
        {
            _held.Write(buffer, offset, read);
            return read;
        }

        destination.Write(buffer, offset, read);
        Passed += read;
        return read;
    }

    public override void Flush() => destination.Flush();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
