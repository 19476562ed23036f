using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Paas.Gateway.Webhooks;

/// <summary><c>X-Hub-Signature-256</c>: an HMAC-SHA256 over the raw bytes of the body.</summary>
internal static class Signature
{
    public const string Header = "X-Hub-Signature-256";
    private const string Prefix = "sha256=";

    /// <returns>Null if the header is not there, or is no signature.</returns>
    public static byte[]? Parse(StringValues header)
    {
        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        var signature = new byte[HMACSHA256.HashSizeInBytes];
        return value.Length == Prefix.Length + (2 * signature.Length)
            && Convert.FromHexString(value.AsSpan(Prefix.Length), signature, out _, out _) == OperationStatus.Done
            ? signature
            : null;
    }

    /// <summary>Tells in one pass over the body which of the secrets it is signed with.</summary>
    public static async Task<bool[]> VerifyAsync(Stream body, byte[] signature, IReadOnlyList<string> secrets, CancellationToken cancellation)
    {
        var hashes = secrets.Select(secret => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret))).ToList();
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            body.Position = 0;
            for (int read; (read = await body.ReadAsync(buffer, cancellation)) > 0;)
            {
                foreach (var hash in hashes)
                    hash.AppendData(buffer, 0, read);
            }

            // An empty secret would let anybody sign.
            return [.. hashes.Select((hash, i) => CryptographicOperations.FixedTimeEquals(hash.GetHashAndReset(), signature) && secrets[i].Length > 0)];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            hashes.ForEach(hash => hash.Dispose());
        }
    }
}
