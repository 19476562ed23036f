using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Paas.Docker;

public sealed partial class EngineClient
{
    /// <summary>What a container has printed, line by line, and with <paramref name="follow"/> what it prints until it ends.</summary>
    /// <param name="id">The container's id.</param>
    /// <param name="follow">Whether to wait for more.</param>
    /// <param name="tail">How many of the lines that are there already; null for all.</param>
    /// <param name="cancellation">Ends the following.</param>
    /// <exception cref="EngineException">It is gone.</exception>
    /// <exception cref="EngineUnreachableException">The engine does not answer, or has gone away meanwhile.</exception>
    public async IAsyncEnumerable<string> ReadLogAsync(string id, bool follow, int? tail, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var path = $"containers/{Escape(id)}/logs?stdout=true&stderr=true&follow={(follow ? "true" : "false")}&tail={tail?.ToString() ?? "all"}";
        using var response = await SendAsync(HttpMethod.Get, path, "show what a container has printed", null, null, cancellation);
        await using var lines = LogFrames.ReadLinesAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation).GetAsyncEnumerator(cancellation);
        while (await AwayAsync(lines.MoveNextAsync().AsTask(), cancellation))
            yield return lines.Current;
    }
}

/// <summary>
/// What a container prints, as it comes from the engine: pieces of stdout and stderr, each with 8 bytes in front that
/// say which and how long.
/// </summary>
internal static class LogFrames
{
    /// <summary>A longer line is cut into several, or one without an end would fill the memory.</summary>
    internal const int MaxLine = 16 * 1024;

    private const int HeaderSize = 8;

    public static async IAsyncEnumerable<string> ReadLinesAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var header = new byte[HeaderSize];
        var piece = new byte[MaxLine];
        // Of each stream what it has printed since its last line's end.
        var open = new Dictionary<byte, List<byte>>();
        while (await stream.ReadAtLeastAsync(header, HeaderSize, throwOnEndOfStream: false, cancellation) == HeaderSize)
        {
            var left = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
            if (!open.TryGetValue(header[0], out var line))
                open[header[0]] = line = [];
            while (left > 0)
            {
                var read = await stream.ReadAsync(piece.AsMemory(0, (int)Math.Min(left, (uint)piece.Length)), cancellation);
                if (read == 0)
                    break;
                left -= (uint)read;
                for (var i = 0; i < read; i++)
                {
                    if (piece[i] != '\n')
                        line.Add(piece[i]);
                    if (piece[i] != '\n' && line.Count < MaxLine)
                        continue;
                    yield return Text(line);
                    line.Clear();
                }
            }
        }

        foreach (var line in open.Values.Where(line => line.Count > 0))
            yield return Text(line);
    }

    private static string Text(List<byte> line) => Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
}
