using System.Buffers;
using System.Net;
using Microsoft.Win32.SafeHandles;

namespace Paas.Hosting.Artifacts.Registry;

/// <summary>A part of a file as the body of a request; it can be sent more than once.</summary>
internal sealed class FileSlice(SafeFileHandle file, long offset, long length) : HttpContent
{
    private const int BufferSize = 128 * 1024;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => CopyAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        CopyAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }

    private async Task CopyAsync(Stream stream, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (var sent = 0L; sent < length;)
            {
                var read = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - sent)), offset + sent, cancellation);
                if (read == 0)
                    throw new EndOfStreamException("The file became shorter while it was sent.");
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellation);
                sent += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
