using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Paas.Docker;

public sealed partial class EngineClient
{
    private const string ShowPrinted = "show what a container has printed";

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
        using var response = await SendAsync(HttpMethod.Get, path, ShowPrinted, null, null, cancellation);
        await using var lines = LogFrames.ReadLinesAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation).GetAsyncEnumerator(cancellation);
        while (await AwayAsync(lines.MoveNextAsync().AsTask(), cancellation))
            yield return lines.Current;
    }

    /// <summary>What a container has printed up to now, piece by piece in the order in which the engine keeps it.</summary>
    /// <param name="id">The container's id.</param>
    /// <param name="tail">How many of the last pieces; null for all.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="EngineException">It is gone.</exception>
    /// <exception cref="EngineUnreachableException">The engine does not answer, or has gone away meanwhile.</exception>
    public async IAsyncEnumerable<PrintedPiece> ReadPrintedAsync(string id, int? tail, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var path = $"containers/{Escape(id)}/logs?stdout=true&stderr=true&timestamps=true&tail={tail?.ToString(CultureInfo.InvariantCulture) ?? "all"}";
        using var response = await SendAsync(HttpMethod.Get, path, ShowPrinted, null, null, cancellation);
        await using var pieces = LogFrames.ReadPiecesAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation).GetAsyncEnumerator(cancellation);
        while (await AwayAsync(pieces.MoveNextAsync().AsTask(), cancellation))
            yield return pieces.Current;
    }

    /// <summary>Listens for what a container prints from now on.</summary>
    /// <param name="id">The container's id.</param>
    /// <param name="cancellation">Ends the listening.</param>
    /// <returns>When it listens, a task for what happens first: true when something was printed, false when the container has ended.</returns>
    /// <inheritdoc cref="ReadPrintedAsync"/>
    public async Task<Task<bool>> ListenForPrintedAsync(string id, CancellationToken cancellation)
    {
        var response = await SendAsync(
            HttpMethod.Get, $"containers/{Escape(id)}/logs?stdout=true&stderr=true&follow=true&tail=0", ShowPrinted, null, null, cancellation);
        return WaitAsync();

        async Task<bool> WaitAsync()
        {
            using (response)
            {
                await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
                return await AwayAsync(stream.ReadAsync(new byte[1], cancellation).AsTask(), cancellation) > 0;
            }
        }
    }
}

/// <summary>A piece of what a container has printed: a line, or the part of a long line that the engine has cut it into.</summary>
/// <param name="Time">When, in nanoseconds since 1970: not always later than the piece before, which may be of the other stream.</param>
/// <param name="IsError">Whether it was printed to standard error.</param>
/// <param name="EndsLine">False if the next piece of the same stream goes on with the line.</param>
/// <param name="Text">Without the line's end.</param>
public readonly record struct PrintedPiece(long Time, bool IsError, bool EndsLine, string Text);

/// <summary>
/// What a container prints, as it comes from the engine: pieces of stdout and stderr, each with 8 bytes in front that
/// say which and how long.
/// </summary>
internal static class LogFrames
{
    /// <summary>A longer line is cut into several, or one without an end would fill the memory.</summary>
    internal const int MaxLine = 16 * 1024;

    /// <summary>The engine's pieces have 16 KB, and the time in front.</summary>
    private const int MaxPiece = 64 * 1024;

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

    /// <summary>With <c>timestamps=true</c> each frame is one piece, and begins with its time and a space.</summary>
    public static async IAsyncEnumerable<PrintedPiece> ReadPiecesAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        const byte StandardError = 2;
        var header = new byte[HeaderSize];
        var piece = new byte[MaxPiece];
        using var buffered = new BufferedStream(stream, MaxPiece);
        while (await buffered.ReadAtLeastAsync(header, HeaderSize, throwOnEndOfStream: false, cancellation) == HeaderSize)
        {
            var size = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
            var length = (int)Math.Min(size, MaxPiece);
            await buffered.ReadExactlyAsync(piece.AsMemory(0, length), cancellation);
            var isError = header[0] == StandardError;
            var ends = length > 0 && piece[length - 1] == '\n';
            // The engine's pieces are a quarter of this: more is none of them.
            for (long left = size - length; left > 0;)
            {
                var read = await buffered.ReadAsync(header.AsMemory(0, (int)Math.Min(left, HeaderSize)), cancellation);
                if (read == 0)
                    yield break;
                left -= read;
                ends = header[read - 1] == '\n';
            }

            var text = Encoding.UTF8.GetString(piece, 0, length).TrimEnd('\n').TrimEnd('\r');
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0 || TimeOf(text.AsSpan(0, space)) is not { } time)
                throw new IOException(DockerTexts.PieceWithoutTime());
            yield return new PrintedPiece(time, isError, ends, text[(space + 1)..]);
        }
    }

    /// <summary>RFC 3339 with up to nine digits of a second, in UTC.</summary>
    internal static long? TimeOf(ReadOnlySpan<char> text)
    {
        const string WholeSeconds = "yyyy-MM-dd'T'HH:mm:ss";
        const int SecondsLength = 19, Digits = 9;
        if (text.Length <= SecondsLength || text[^1] != 'Z'
            || !DateTime.TryParseExact(text[..SecondsLength], WholeSeconds, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var seconds))
            return null;
        var fraction = text[SecondsLength..^1].TrimStart('.');
        long nanoseconds = 0;
        for (var i = 0; i < Digits; i++)
        {
            if (i < fraction.Length && !char.IsAsciiDigit(fraction[i]))
                return null;
            nanoseconds = nanoseconds * 10 + (i < fraction.Length ? fraction[i] - '0' : 0);
        }

        return (seconds - DateTime.UnixEpoch).Ticks * 100 + nanoseconds;
    }

    private static string Text(List<byte> line) => Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
}
