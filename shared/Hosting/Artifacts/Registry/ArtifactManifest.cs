using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Paas.Hosting.Artifacts.Registry;

/// <summary>
/// What keeps a blob from the registry's garbage collection: an OCI manifest that refers to it, tagged with its
/// digest and the hour in which it was saved. A later save makes another manifest with another tag, so that removing
/// the earlier one can never take the later one away; and within the hour all are the same, byte by byte.
/// </summary>
internal static partial class ArtifactManifest
{
    public const string MediaType = "application/vnd.oci.image.manifest.v1+json";
    public const string ArtifactType = "application/vnd.paas.artifact.v1";

    /// <summary>OCI's empty configuration.</summary>
    public static readonly byte[] Config = "{}"u8.ToArray();

    public static readonly string ConfigDigest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Config));

    private const string TagTime = "yyyyMMdd'T'HHmm'Z'";

    /// <summary>The end of the hour: a time that is too late keeps an artifact longer, one too early would be a danger.</summary>
    public static DateTimeOffset HourOf(DateTimeOffset now) => new(now.UtcTicks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour + TimeSpan.TicksPerHour, TimeSpan.Zero);

    public static string Tag(StoredArtifact artifact) =>
        $"sha256-{ArtifactDigest.HashOf(artifact.Digest)}.{artifact.SavedAt.UtcDateTime.ToString(TagTime, CultureInfo.InvariantCulture)}";

    /// <summary>Null if the tag is none of an artifact.</summary>
    public static StoredArtifact? FromTag(string tag) =>
        TagForm().Match(tag) is { Success: true } match
        && DateTimeOffset.TryParseExact(match.Groups[2].Value, TagTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var savedAt)
            ? new StoredArtifact(ArtifactDigest.Of(match.Groups[1].Value), savedAt)
            : null;

    public static byte[] Write(StoredArtifact artifact, long bytes) => JsonSerializer.SerializeToUtf8Bytes(new Manifest
    {
        SchemaVersion = 2,
        MediaType = MediaType,
        ArtifactType = ArtifactType,
        Config = new Descriptor("application/vnd.oci.empty.v1+json", ConfigDigest, Config.Length),
        Layers = [new Descriptor("application/vnd.oci.image.layer.v1.tar", artifact.Digest, bytes)],
        Annotations = new() { ["org.opencontainers.image.created"] = artifact.SavedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) },
    }, Json);

    /// <summary>How large the artifact is that a manifest refers to.</summary>
    public static long? SizeIn(byte[] manifest)
    {
        try
        {
            return JsonSerializer.Deserialize<Manifest>(manifest, Json)?.Layers is [var layer, ..] ? layer.Size : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static string DigestOf(byte[] manifest) => ArtifactDigest.Of(Convert.ToHexStringLower(SHA256.HashData(manifest)));

    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private sealed record Manifest
    {
        public required int SchemaVersion { get; init; }
        public string? MediaType { get; init; }
        public string? ArtifactType { get; init; }
        public Descriptor? Config { get; init; }
        public required IReadOnlyList<Descriptor> Layers { get; init; }
        public Dictionary<string, string>? Annotations { get; init; }
    }

    private sealed record Descriptor(string MediaType, string Digest, long Size);

    [GeneratedRegex(@"^sha256-([0-9a-f]{64})\.([0-9]{8}T[0-9]{4}Z)\z")]
    private static partial Regex TagForm();
}
