using System.Text.Json;
using Paas.Hosting.Artifacts;

namespace Paas.ImageBuilder.Docker;

/// <summary>An image that this builder has built.</summary>
/// <param name="Engine">The id of the engine that has it.</param>
/// <param name="Inputs">A digest of all that went into it.</param>
/// <param name="Image">Its id.</param>
/// <param name="Commit">The commit it was first built for.</param>
internal sealed record BuiltRecord(string Engine, string Inputs, string Image, string Commit);

/// <summary>
/// Which image came of which inputs, by the builder's own record: whatever else an image says of itself, a Dockerfile can
/// say, too. A file for each app, written whole; one that is lost costs a build.
/// </summary>
internal sealed class BuiltImages(string dataDirectory)
{
    private const int Kept = 50;
    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(90);
    private readonly string _folder = Path.Combine(LocalBuild.FolderOfAll(dataDirectory), "images");
    private readonly Lock _writing = new();

    /// <returns>Null if no image is known to be made of this.</returns>
    public BuiltRecord? Find(Guid app, string engine, string inputs) =>
        Read(app).LastOrDefault(record => record.Engine == engine && record.Inputs == inputs);

    /// <summary>Notes what was built.</summary>
    public void Add(Guid app, BuiltRecord built, DateTimeOffset now)
    {
        lock (_writing)
        {
            Directory.CreateDirectory(_folder);
            var records = Read(app).Where(record => record.Engine != built.Engine || record.Inputs != built.Inputs).Append(built).TakeLast(Kept).ToList();
            var half = Path.Combine(_folder, $"{app:D}.{Guid.NewGuid():N}.new");
            File.WriteAllBytes(half, JsonSerializer.SerializeToUtf8Bytes(records));
            File.Move(half, FileOf(app), overwrite: true);
            foreach (var file in Directory.EnumerateFiles(_folder).Where(file => File.GetLastWriteTimeUtc(file) < (now - KeepFor).UtcDateTime).ToList())
                File.Delete(file);
        }
    }

    private List<BuiltRecord> Read(Guid app)
    {
        try
        {
            var records = JsonSerializer.Deserialize<List<BuiltRecord?>>(File.ReadAllBytes(FileOf(app))) ?? [];
            return [.. records.OfType<BuiltRecord>().Where(record => record is { Engine: not null, Inputs: not null, Image: not null, Commit: not null })];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }

    private string FileOf(Guid app) => Path.Combine(_folder, $"{app:D}.json");
}
