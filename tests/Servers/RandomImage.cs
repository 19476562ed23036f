using System.Formats.Tar;
using System.Security.Cryptography;

namespace Paas.Servers;

/// <summary>Images of one layer that holds one file, which nothing makes smaller.</summary>
public static class RandomImage
{
    /// <param name="engine">Where to make it.</param>
    /// <param name="name">With its tag.</param>
    /// <param name="labels">Written on it.</param>
    /// <param name="content">The same content makes the same layer.</param>
    /// <returns>The image's id.</returns>
    public static async Task<string> MakeAsync(DockerEngine engine, string name, IReadOnlyDictionary<string, string> labels, byte[] content)
    {
        var file = Path.GetTempFileName();
        try
        {
            await using (var tar = new TarWriter(File.Create(file), TarEntryFormat.Gnu))
            {
                await tar.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "content") { DataStream = new MemoryStream(content), ModificationTime = DateTimeOffset.UnixEpoch });
            }

            var changes = labels.SelectMany(label => new[] { "--change", $"LABEL {label.Key}={label.Value}" });
            return (await engine.DockerAsync(["import", .. changes, file, name])).Trim();
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Content that no other image has.</summary>
    public static byte[] Bytes(int count = 1000) => RandomNumberGenerator.GetBytes(count);
}
