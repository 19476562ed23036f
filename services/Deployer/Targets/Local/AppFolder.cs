using System.Globalization;
using System.Text.Json;

namespace Paas.Deployer.Targets.Local;

/// <summary>
/// What the target keeps of one app on disk. Whatever says that something has happened is written whole or not at
/// all, so a process killed at any point leaves nothing that could be misread.
/// </summary>
internal sealed class AppFolder(string localFolder, Guid appId)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    public Guid AppId => appId;

    public string Root { get; } = Path.Combine(localFolder, appId.ToString());

    public string LogFile => Path.Combine(Root, "app.log");

    public bool IsRemoved => File.Exists(Tombstone);

    public string Runs => Path.Combine(Root, "runs");

    private string Tombstone => Path.Combine(Root, "removed");

    private string CurrentFile => Path.Combine(Root, "current.json");

    private string Releases => Path.Combine(Root, "releases");

    /// <summary>Every app this target has kept anything of.</summary>
    public static IEnumerable<AppFolder> All(string localFolder) => !Directory.Exists(localFolder) ? [] :
        Directory.EnumerateDirectories(localFolder)
            .Select(folder => Guid.TryParse(Path.GetFileName(folder), out var id) ? new AppFolder(localFolder, id) : null)
            .OfType<AppFolder>();

    public static void WriteWhole(string path, byte[] content)
    {
        var temporary = path + ".new";
        // Not for itself alone: a process that is started meanwhile holds on to the lock for a moment after this has ended.
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.Read))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    public void Create()
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(Root);
        else
            Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public CurrentRelease? ReadCurrent() =>
        File.Exists(CurrentFile) ? JsonSerializer.Deserialize<CurrentRelease>(File.ReadAllBytes(CurrentFile), Json) : null;

    public void WriteCurrent(CurrentRelease? release)
    {
        if (release is null)
            File.Delete(CurrentFile);
        else
            WriteWhole(CurrentFile, JsonSerializer.SerializeToUtf8Bytes(release, Json));
    }

    public void MarkRemoved()
    {
        Create();
        WriteWhole(Tombstone, []);
    }

    public bool IsReleaseCommandDone(int release) => File.Exists(ReleaseCommandMarker(release));

    public void MarkReleaseCommandDone(int release) => WriteWhole(ReleaseCommandMarker(release), []);

    public ReleaseFolder Release(int release) => new(Path.Combine(Releases, "v" + release.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A new folder to unpack into, after what killed tries left of theirs is gone.</summary>
    public ReleaseFolder NewUnpackFolder()
    {
        Directory.CreateDirectory(Releases);
        foreach (var leftover in Directory.EnumerateDirectories(Releases, "unpack-*"))
            FolderDeletion.Delete(leftover);
        var folder = new ReleaseFolder(Path.Combine(Releases, "unpack-" + Guid.NewGuid().ToString("N")));
        folder.Create();
        return folder;
    }

    /// <summary>Deletes the releases nobody will go back to.</summary>
    public void DeleteReleasesExcept(IReadOnlyCollection<int> kept)
    {
        foreach (var folder in Directory.Exists(Releases) ? Directory.GetDirectories(Releases) : [])
        {
            if (!kept.Any(release => Release(release).Root == folder))
                FolderDeletion.Delete(folder);
        }

        foreach (var marker in Directory.GetFiles(Root, "release-command-v*.done"))
        {
            if (!kept.Any(release => ReleaseCommandMarker(release) == marker))
                File.Delete(marker);
        }
    }

    /// <summary>Deletes everything but the tombstone.</summary>
    public void Clear()
    {
        // First what would bring the app back.
        File.Delete(CurrentFile);
        foreach (var folder in Directory.GetDirectories(Root))
            FolderDeletion.Delete(folder);
        foreach (var file in Directory.GetFiles(Root).Where(file => file != Tombstone))
            File.Delete(file);
    }

    private string ReleaseCommandMarker(int release) =>
        Path.Combine(Root, $"release-command-v{release.ToString(CultureInfo.InvariantCulture)}.done");
}
