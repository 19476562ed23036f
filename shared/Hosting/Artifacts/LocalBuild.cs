using System.Globalization;
using System.Text.RegularExpressions;
using Paas.Hosting.Processes;

namespace Paas.Hosting.Artifacts;

/// <summary>
/// The folder in which a slug is built, and in which it waits to be published: builder and publisher share the data
/// directory. <c>slug</c> is the app itself; <c>built</c> says that it is whole.
/// </summary>
public sealed partial class LocalBuild
{
    private readonly string _locks;

    private LocalBuild(string dataDirectory, string imageId)
    {
        ImageId = imageId;
        Folder = Path.Combine(FolderOfAll(dataDirectory), imageId);
        _locks = FolderOfLocks(dataDirectory);
    }

    public string ImageId { get; }

    public string Folder { get; }

    public string Slug => Path.Combine(Folder, "slug");

    /// <summary>
    /// Waits until nobody else on this machine works on this build: a command may come again, to another process,
    /// while the first still has it.
    /// </summary>
    public Task<FileLock> LockAsync(TimeProvider clock, CancellationToken cancellation)
    {
        Directory.CreateDirectory(_locks);
        return FileLock.TakeAsync(Path.Combine(_locks, ImageId), clock, waiting: null, cancellation);
    }

    /// <summary>Removes the locks that nobody has taken for so long that nobody will.</summary>
    public static void RemoveOldLocks(string dataDirectory, DateTime before)
    {
        var locks = FolderOfLocks(dataDirectory);
        foreach (var file in Directory.Exists(locks) ? Directory.GetFiles(locks) : [])
        {
            if (File.GetLastWriteTimeUtc(file) >= before)
                continue;
            using var taken = FileLock.TryTake(file);
            if (taken is not null)
                File.Delete(file);
        }
    }

    /// <summary>Whether the slug is whole.</summary>
    public bool IsBuilt => File.Exists(BuiltFile);

    /// <summary>The digest under which the slug was published; outlives the folder.</summary>
    public string DigestFile => Folder + ".digest";

    private string BuiltFile => Path.Combine(Folder, "built");

    public static string FolderOfAll(string dataDirectory) => Path.Combine(Path.GetFullPath(dataDirectory), "builds");

    private static string FolderOfLocks(string dataDirectory) => Path.Combine(Path.GetFullPath(dataDirectory), "locks", "builds");

    /// <summary>The build of one attempt; the same attempt always has the same.</summary>
    public static LocalBuild Of(string dataDirectory, Guid deploymentId, int attempt) =>
        new(dataDirectory, $"{Prefix(deploymentId)}{attempt.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Null if no build could have this id.</summary>
    public static LocalBuild? Find(string dataDirectory, string imageId) =>
        Id().IsMatch(imageId) ? new LocalBuild(dataDirectory, imageId) : null;

    /// <summary>What the ids of all builds of a deployment begin with.</summary>
    public static string Prefix(Guid deploymentId) => $"{deploymentId:D}-";

    public void MarkBuilt() => File.WriteAllText(BuiltFile, "");

    /// <summary>Removes the folder, whatever is in it; fine if there is none.</summary>
    public void Delete() => Delete(Folder);

    /// <inheritdoc cref="Delete()"/>
    public static void Delete(string folder)
    {
        try
        {
            // First what says that it is whole, so that a deletion cut short leaves no half slug behind.
            File.Delete(Path.Combine(folder, "built"));
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // deleted already
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException && !OperatingSystem.IsWindows())
        {
            // Tools like to write-protect the folders of their caches.
            MakeWritable(new DirectoryInfo(folder));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void MakeWritable(DirectoryInfo folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        folder.UnixFileMode |= UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (var inner in folder.GetDirectories().Where(inner => inner.LinkTarget is null))
            MakeWritable(inner);
    }

    [GeneratedRegex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9]{1,9}$")]
    private static partial Regex Id();
}
