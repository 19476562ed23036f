using System.Buffers.Binary;
using System.Text;

namespace Paas.Servers.Otlp;

/// <summary>
/// As much of protobuf's wire format as a message of OTLP needs.
/// Source: https://protobuf.dev/programming-guides/encoding/.
/// </summary>
internal readonly record struct Field(int Number, ulong Value, ReadOnlyMemory<byte> Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);
    public string Hex => Convert.ToHexStringLower(Bytes.Span);
    public double Double => BitConverter.UInt64BitsToDouble(Value);
    public IEnumerable<Field> Fields => Read(Bytes);

    public static IEnumerable<Field> Read(ReadOnlyMemory<byte> message)
    {
        while (!message.IsEmpty)
        {
            var tag = Varint(ref message);
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    yield return new Field(number, Varint(ref message), default);
                    break;
                case 1:
                    yield return new Field(number, BinaryPrimitives.ReadUInt64LittleEndian(message.Span), default);
                    message = message[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref message);
                    yield return new Field(number, 0, message[..length]);
                    message = message[length..];
                    break;
                case 5:
                    yield return new Field(number, BinaryPrimitives.ReadUInt32LittleEndian(message.Span), default);
                    message = message[4..];
                    break;
                default:
                    throw new FormatException($"Wire type {tag & 7} is not one of OTLP.");
            }
        }
    }

    private static ulong Varint(ref ReadOnlyMemory<byte> message)
    {
        ulong value = 0;
        for (var (i, shift) = (0, 0); ; i++, shift += 7)
        {
            value |= (ulong)(message.Span[i] & 0x7f) << shift;
            if (message.Span[i] < 0x80)
            {
                message = message[(i + 1)..];
                return value;
            }
        }
    }
}
