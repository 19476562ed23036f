using System.Buffers.Binary;
using System.Buffers.Text;
using System.ComponentModel;
using System.Globalization;
using System.Text;
using Paas.Contracts.Api;

namespace Paas.Gateway.Http;

/// <summary>The place in a list, newest first, after which the next page begins.</summary>
internal readonly record struct Position(DateTime At, Guid Id);

/// <summary>Which page of a list is asked for.</summary>
internal sealed class PageQuery
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    /// <summary>How many items to return.</summary>
    [Description("How many items to return: 1 to 200, by default 50.")]
    public string? Limit { get; set; }

    /// <summary>The <c>next</c> of the page before.</summary>
    [Description("The next of the page before.")]
    public string? Cursor { get; set; }

    public int Size => Limit switch
    {
        null or "" => DefaultLimit,
        _ when int.TryParse(Limit, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size is >= 1 and <= MaxLimit => size,
        _ => throw ProblemException.Invalid("limit", GatewayTexts.LimitInvalid(MaxLimit)),
    };

    public Position? After
    {
        get
        {
            if (Bytes() is not { } bytes)
                return null;
            if (bytes.Length != sizeof(long) + 16)
                throw ProblemException.Invalid("cursor", GatewayTexts.CursorInvalid());
            var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
            return ticks >= DateTime.MinValue.Ticks && ticks <= DateTime.MaxValue.Ticks
                ? new Position(new DateTime(ticks, DateTimeKind.Utc), new Guid(bytes.AsSpan(sizeof(long)), bigEndian: true))
                : throw ProblemException.Invalid("cursor", GatewayTexts.CursorInvalid());
        }
    }

    /// <summary>For lists that are ordered by one number.</summary>
    public int? AfterNumber => Bytes() is not { } bytes
        ? null
        : int.TryParse(Encoding.ASCII.GetString(bytes), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw ProblemException.Invalid("cursor", GatewayTexts.CursorInvalid());

    /// <param name="found">One more than the page takes, if there are that many.</param>
    /// <param name="position">Where an item stands.</param>
    /// <param name="show">What is shown of it.</param>
    public Page<TShown> ToPage<T, TShown>(List<T> found, Func<T, Position> position, Func<T, TShown> show) =>
        ToPage(found, item => Encode(position(item)), show);

    public Page<TShown> ToPage<T, TShown>(List<T> found, Func<T, int> position, Func<T, TShown> show) =>
        ToPage(found, item => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(position(item).ToString(CultureInfo.InvariantCulture))), show);

    private Page<TShown> ToPage<T, TShown>(List<T> found, Func<T, string> cursor, Func<T, TShown> show) => new()
    {
        Items = [.. found.Take(Size).Select(show)],
        Next = found.Count > Size ? cursor(found[Size - 1]) : null,
    };

    private static string Encode(Position position)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long) + 16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, position.At.Ticks);
        position.Id.TryWriteBytes(bytes[sizeof(long)..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    private byte[]? Bytes()
    {
        if (string.IsNullOrEmpty(Cursor))
            return null;
        return Cursor.Length <= 100 && Base64Url.IsValid(Cursor)
            ? Base64Url.DecodeFromChars(Cursor)
            : throw ProblemException.Invalid("cursor", GatewayTexts.CursorInvalid());
    }
}
