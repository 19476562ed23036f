using System.Text;

namespace Paas.Docker;

/// <summary>
/// BuildKit's progress: the <c>StatusResponse</c> of its API (moby/buildkit, api/services/control/control.proto), of
/// which only what is shown is read. What can't be read is left out: it is progress, not the result.
/// </summary>
/// <param name="Vertexes">Steps that have begun, ended or failed.</param>
/// <param name="Logs">Output of steps.</param>
public sealed record BuildTrace(IReadOnlyList<BuildVertex> Vertexes, IReadOnlyList<BuildOutput> Logs)
{
    internal static BuildTrace Read(ReadOnlySpan<byte> bytes)
    {
        var (vertexes, logs) = (new List<BuildVertex>(), new List<BuildOutput>());
        var message = new ProtobufReader(bytes);
        while (message.Next())
        {
            if (message.Field == 1)
                vertexes.Add(ReadVertex(message.Bytes));
            else if (message.Field == 3)
                logs.Add(ReadOutput(message.Bytes));
        }

        return new(vertexes, logs);
    }

    private static BuildVertex ReadVertex(ReadOnlySpan<byte> bytes)
    {
        var vertex = new BuildVertex("", "", false, null, null, null);
        var message = new ProtobufReader(bytes);
        while (message.Next())
        {
            vertex = message.Field switch
            {
                1 => vertex with { Digest = Encoding.UTF8.GetString(message.Bytes) },
                3 => vertex with { Name = Encoding.UTF8.GetString(message.Bytes) },
                4 => vertex with { IsCached = message.Number != 0 },
                5 => vertex with { Started = ReadTime(message.Bytes) },
                6 => vertex with { Completed = ReadTime(message.Bytes) },
                7 => vertex with { Error = Encoding.UTF8.GetString(message.Bytes) },
                _ => vertex,
            };
        }

        return vertex;
    }

    private static BuildOutput ReadOutput(ReadOnlySpan<byte> bytes)
    {
        var (vertex, text) = ("", Array.Empty<byte>());
        var message = new ProtobufReader(bytes);
        while (message.Next())
        {
            if (message.Field == 1)
                vertex = Encoding.UTF8.GetString(message.Bytes);
            else if (message.Field == 4)
                text = message.Bytes.ToArray();
        }

        return new(vertex, text);
    }

    private static DateTimeOffset? ReadTime(ReadOnlySpan<byte> bytes)
    {
        var (seconds, nanos) = (0L, 0L);
        var message = new ProtobufReader(bytes);
        while (message.Next())
        {
            if (message.Field == 1)
                seconds = (long)message.Number;
            else if (message.Field == 2)
                nanos = (long)message.Number;
        }

        // Within what a date can be.
        return seconds is > 0 and < 253_402_300_000 && nanos is >= 0 and < 1_000_000_000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100)
            : null;
    }

    /// <summary>Reads one message, field by field; ends where it is damaged.</summary>
    private ref struct ProtobufReader(ReadOnlySpan<byte> bytes)
    {
        private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;
        private ReadOnlySpan<byte> _rest = bytes;

        public int Field { get; private set; }

        public ulong Number { get; private set; }

        public ReadOnlySpan<byte> Bytes { get; private set; }

        public bool Next()
        {
            Number = 0;
            Bytes = default;
            if (!TryReadNumber(out var tag))
                return false;
            Field = (int)(tag >> 3);
            switch ((int)(tag & 7))
            {
                case Varint:
                    var isNumber = TryReadNumber(out var number);
                    Number = number;
                    return isNumber;
                case Delimited:
                    return TryReadNumber(out var length) && TryTake(length);
                case Fixed64:
                    return TryTake(8);
                case Fixed32:
                    return TryTake(4);
                default:
                    return false;
            }
        }

        private bool TryTake(ulong length)
        {
            if (length > (ulong)_rest.Length)
                return false;
            Bytes = _rest[..(int)length];
            _rest = _rest[(int)length..];
            return true;
        }

        private bool TryReadNumber(out ulong number)
        {
            number = 0;
            for (var i = 0; i < _rest.Length && i < 10; i++)
            {
                number |= (ulong)(_rest[i] & 0x7f) << (7 * i);
                if (_rest[i] >= 0x80)
                    continue;
                _rest = _rest[(i + 1)..];
                return true;
            }

            return false;
        }
    }
}

/// <summary>A step of a build, as it is known by now.</summary>
/// <param name="Digest">Its identity.</param>
/// <param name="Name">Such as <c>[2/5] RUN make</c>.</param>
/// <param name="IsCached">It need not be run.</param>
/// <param name="Started">Null if it has not.</param>
/// <param name="Completed">Null if it has not.</param>
/// <param name="Error">Null unless it has failed.</param>
public sealed record BuildVertex(string Digest, string Name, bool IsCached, DateTimeOffset? Started, DateTimeOffset? Completed, string? Error);

/// <summary>Output of a step.</summary>
/// <param name="Vertex">Its digest.</param>
/// <param name="Text">Any part of its output; it may end within a character.</param>
public sealed record BuildOutput(string Vertex, byte[] Text);
