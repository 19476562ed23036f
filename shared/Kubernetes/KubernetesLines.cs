using System.Runtime.CompilerServices;

namespace Paas.Kubernetes;

/// <summary>Reads lines of a limited length from a stream that may never end.</summary>
internal static class KubernetesLines
{
    /// <param name="stream">The stream.</param>
    /// <param name="maxLine">A longer line is cut into several, or refused.</param>
    /// <param name="tooLong">What to throw at a longer line; null to cut it.</param>
    /// <param name="withRest">Whether what comes after the last line's end is a line, too.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async IAsyncEnumerable<byte[]> ReadAsync(
        Stream stream, int maxLine, Func<Exception>? tooLong, bool withRest, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var piece = new byte[16 * 1024];
        using var line = new MemoryStream();
        int read;
        while ((read = await stream.ReadAsync(piece, cancellation)) > 0)
        {
            var start = 0;
            while (start < read)
            {
                var end = Array.IndexOf(piece, (byte)'\n', start, read - start);
                var count = Math.Min((end < 0 ? read : end) - start, maxLine - (int)line.Length);
                line.Write(piece, start, count);
                start += count;
                if (start == end)
                    start++;
                else if (line.Length < maxLine)
                    continue;
                else if (tooLong is not null)
                    throw tooLong();
                yield return line.ToArray();
                line.SetLength(0);
            }
        }

        if (withRest && line.Length > 0)
            yield return line.ToArray();
    }
}
