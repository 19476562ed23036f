using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local;

/// <summary>Makes a finished slug fit to be moved to another folder, and measures it.</summary>
internal static class SlugContents
{
    /// <summary>
    /// Links that name the folder of the build are made relative, links that lead out of the slug are left out (some
    /// tools leave links to the machine's own programs), and what cannot be read is made readable.
    /// </summary>
    public static ArchiveSize Settle(string slug, IStepLog log, CancellationToken cancellation)
    {
        var (bytes, entries) = (0L, 0);
        var links = new List<FileSystemInfo>();
        var ahead = new Stack<DirectoryInfo>([new DirectoryInfo(slug)]);
        while (ahead.TryPop(out var folder))
        {
            cancellation.ThrowIfCancellationRequested();
            MakeReadable(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            foreach (var entry in folder.GetFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0 }))
            {
                entries++;
                if (entry.LinkTarget is not null)
                    links.Add(entry);
                else if (entry is DirectoryInfo inner)
                    ahead.Push(inner);
                else
                    bytes += Settle((FileInfo)entry);
            }
        }

        foreach (var link in links)
            MakeRelative(slug, link);
        foreach (var link in links)
            LeaveOutIfItLeadsOut(slug, link.FullName, log);
        return new ArchiveSize(bytes, entries);
    }

    private static long Settle(FileInfo file)
    {
        MakeReadable(file, UnixFileMode.UserRead);
        return file.Length;
    }

    private static void MakeRelative(string slug, FileSystemInfo link)
    {
        var target = link.LinkTarget!;
        if (!Path.IsPathRooted(target) || !(target == slug || target.StartsWith(slug + "/", StringComparison.Ordinal)))
            return;
        link.Delete();
        File.CreateSymbolicLink(link.FullName, Path.GetRelativePath(Path.GetDirectoryName(link.FullName)!, target));
    }

    private static void LeaveOutIfItLeadsOut(string slug, string link, IStepLog log)
    {
        var name = Path.GetRelativePath(slug, link);
        if (!SlugLinks.LeadsOut(name, path => new FileInfo(Path.Combine(slug, path)).LinkTarget))
            return;
        log.Warning(ImageBuilderTexts.LinkLeftOut(name, new FileInfo(link).LinkTarget!));
        File.Delete(link);
    }

    private static void MakeReadable(FileSystemInfo entry, UnixFileMode needed)
    {
        if (!OperatingSystem.IsWindows() && (entry.UnixFileMode & needed) != needed)
            entry.UnixFileMode |= needed;
    }
}
