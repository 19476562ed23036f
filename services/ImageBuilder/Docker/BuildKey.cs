using System.Security.Cryptography;
using System.Text.Json;

namespace Paas.ImageBuilder.Docker;

/// <summary>
/// Tells whether variables have changed, without keeping them: hashes with a key, which no one can try values on. The
/// key lies with the key ring. Without it nothing is lost but a build that could have been saved.
/// </summary>
internal sealed class BuildKey
{
    private const int Length = 32;
    private readonly Lazy<byte[]> _key;

    /// <param name="folder">The folder of the key ring.</param>
    public BuildKey(string folder) => _key = new(() => ReadOrMake(Path.Combine(folder, "build-inputs.key")));

    public string HashOf(IReadOnlyDictionary<string, string> variables) => Convert.ToHexStringLower(HMACSHA256.HashData(
        _key.Value, JsonSerializer.SerializeToUtf8Bytes(new SortedDictionary<string, string>(variables.ToDictionary(), StringComparer.Ordinal))));

    private static byte[] ReadOrMake(string file)
    {
        var key = RandomNumberGenerator.GetBytes(Length);
        var made = $"{file}.{Guid.NewGuid():N}";
        try
        {
            if (!File.Exists(file))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.WriteAllBytes(made, key);
                File.Move(made, file, overwrite: false);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another builder was first, or nothing can be written there.
            File.Delete(made);
        }

        try
        {
            return File.ReadAllBytes(file) is { Length: Length } kept ? kept : key;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return key;
        }
    }
}
