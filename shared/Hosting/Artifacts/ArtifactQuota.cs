using System.Globalization;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Artifacts;

/// <summary>
/// Keeps the sources and slugs of one app within bounds: they stay for a day, and so much as a push a minute would fill
/// the store for all apps. What is stored for whom is noted in a folder that the services of a machine share,
/// <c>cache/quota/&lt;app id&gt;/&lt;digest&gt;</c>; what is gone from the store no longer counts.
/// </summary>
public sealed class ArtifactQuota(IArtifactStore artifacts, IOptions<PaasOptions> paas, IOptions<ArtifactsOptions> options)
{
    private readonly string _folder = Path.Combine(Path.GetFullPath(paas.Value.DataDirectory), "cache", "quota");

    /// <summary>Sees that an app may store something.</summary>
    /// <exception cref="StepFailedException">It has as much as it may have.</exception>
    public async Task EnsureAsync(Guid appId, CancellationToken cancellation)
    {
        var most = options.Value.AppBytes;
        var notes = NotesOf(appId);
        var bytes = notes.Sum(note => note.Bytes);
        foreach (var (file, digest, size) in notes.OrderBy(note => note.File.LastWriteTimeUtc))
        {
            if (bytes < most)
                return;
            // Only then is it worth the question.
            if (await artifacts.FindSizeAsync(digest, cancellation) is not null)
                continue;
            file.Delete();
            bytes -= size;
        }

        if (bytes >= most)
            throw new StepFailedException(FailureReason.QuotaExceeded, ArtifactTexts.QuotaReached(bytes, most));
    }

    /// <summary>Notes what was stored for an app.</summary>
    public void Note(Guid appId, string digest, long bytes)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, appId.ToString("D")));
        File.WriteAllText(Path.Combine(folder.FullName, ArtifactDigest.HashOf(digest)), bytes.ToString(CultureInfo.InvariantCulture));
    }

    private List<(FileInfo File, string Digest, long Bytes)> NotesOf(Guid appId)
    {
        var folder = new DirectoryInfo(Path.Combine(_folder, appId.ToString("D")));
        if (!folder.Exists)
            return [];
        var notes = new List<(FileInfo, string, long)>();
        foreach (var file in folder.EnumerateFiles().Where(file => ArtifactDigest.IsHash(file.Name)))
        {
            try
            {
                // One that was cut short tells nothing.
                if (long.TryParse(File.ReadAllText(file.FullName), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
                    notes.Add((file, ArtifactDigest.Of(file.Name), bytes));
            }
            catch (FileNotFoundException)
            {
                // Another service has found it gone.
            }
        }

        return notes;
    }
}
