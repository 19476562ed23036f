using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;

namespace Paas.Hosting.Messaging.Signatures;

/// <summary>
/// The secret by which the services know each other's messages: whoever can write to the broker, but does not have it,
/// can make nobody do anything. Settings <c>Paas:MessageKey</c>, <c>Paas:PreviousMessageKey</c> and <c>Paas:AcceptUnsignedMessages</c>.
/// </summary>
public sealed class MessageKeys
{
    /// <summary>The header with the signature of a message's body, its envelope included.</summary>
    public const string Header = "Paas-Signature";

    private const int MinLength = 20;
    private readonly byte[] _key;
    private readonly byte[]? _previous;

    private MessageKeys(string key, string? previous, bool acceptsUnsigned)
    {
        _key = Encoding.UTF8.GetBytes(key);
        _previous = string.IsNullOrEmpty(previous) ? null : Encoding.UTF8.GetBytes(previous);
        AcceptsUnsigned = acceptsUnsigned;
    }

    /// <summary>Whether messages without a signature are taken, as those are that were sent before there was a key.</summary>
    public bool AcceptsUnsigned { get; }

    /// <returns>Null if there is no key: messages are then neither signed nor checked.</returns>
    /// <exception cref="StartException">A key is too short to be one.</exception>
    public static MessageKeys? From(IConfiguration configuration)
    {
        var section = configuration.GetSection(PaasOptions.Section);
        var (key, previous) = (section["MessageKey"], section["PreviousMessageKey"]);
        if (string.IsNullOrEmpty(key))
            return string.IsNullOrEmpty(previous) ? null : throw new StartException(StartTexts.MessageKey());
        if (key.Length < MinLength || (previous is { Length: > 0 } && previous.Length < MinLength))
            throw new StartException(StartTexts.MessageKey());
        return new(key, previous, section.GetValue("AcceptUnsignedMessages", false));
    }

    /// <summary>The signature of a body.</summary>
    public string Sign(ReadOnlySpan<byte> body) => Convert.ToBase64String(HMACSHA256.HashData(_key, body));

    /// <summary>Whether a message may be taken.</summary>
    /// <param name="body">As it came.</param>
    /// <param name="signature">What it says of itself; null if it says nothing.</param>
    public bool Accepts(ReadOnlySpan<byte> body, string? signature)
    {
        if (string.IsNullOrEmpty(signature))
            return AcceptsUnsigned;
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return Convert.TryFromBase64String(signature, given, out var length) && length == given.Length
            && (IsOf(_key, body, given) || (_previous is not null && IsOf(_previous, body, given)));
    }

    private static bool IsOf(byte[] key, ReadOnlySpan<byte> body, ReadOnlySpan<byte> given)
    {
        Span<byte> right = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, body, right);
        return CryptographicOperations.FixedTimeEquals(right, given);
    }
}
