using System.Formats.Tar;

namespace Paas.Hosting.Artifacts;

/// <summary>How much an archive may hold.</summary>
public sealed record ArchiveLimits(long MaxBytes, int MaxEntries);

/// <summary>What was unpacked.</summary>
public sealed record ArchiveSize(long Bytes, int Entries);

/// <summary>An archive holds what must not be unpacked, or cannot be read; the message names the entry.</summary>
public sealed class ArchiveRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>An archive holds more than <see cref="ArchiveLimits"/> allow.</summary>
public sealed class ArchiveTooLargeException(ArchiveLimits limits)
    : Exception($"The archive holds more than {limits.MaxBytes} bytes or more than {limits.MaxEntries} files and folders.")
{
    public ArchiveLimits Limits { get; } = limits;
}

/// <summary>Folders as tar archives: sources on their way in, slugs on their way from the builder to the deployer.</summary>
public static class SlugArchive
{
    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode ExecutableByAny = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The mode of what anybody may read and only the owner may write.</summary>
    internal static UnixFileMode Mode(bool executable) =>
        ReadableByAll | UnixFileMode.UserWrite | (executable ? ExecutableByAny : UnixFileMode.None);

    internal static bool IsExecutable(UnixFileMode mode) => (mode & ExecutableByAny) != 0;

    /// <summary>
    /// Writes what is in a folder as a tar archive. The same content gives the same bytes wherever and whenever it
    /// is packed: entries are sorted, and times, owners and modes (but for the executable bit) are left out.
    /// </summary>
    public static async Task PackAsync(string folder, Stream destination, CancellationToken cancellation)
    {
        // Not the PAX format: .NET writes the process id into its headers.
        await using var tar = new TarWriter(destination, TarEntryFormat.Gnu, leaveOpen: true);
        await PackAsync(tar, new DirectoryInfo(folder), "", cancellation);
    }

    /// <summary>
    /// Unpacks a tar archive into a folder that does not exist yet or is empty. Nothing is written outside of it, no
    /// link in it leads out of it, and there are only files, folders and links; executable bits are kept.
    /// </summary>
    /// <exception cref="ArchiveRefusedException">It holds something else, or it is damaged.</exception>
    /// <exception cref="ArchiveTooLargeException">It holds too much.</exception>
    public static Task<ArchiveSize> UnpackAsync(Stream source, string folder, ArchiveLimits limits, CancellationToken cancellation) =>
        new ArchiveUnpacker(folder, limits).UnpackAsync(source, cancellation);

    private static async Task PackAsync(TarWriter tar, DirectoryInfo folder, string prefix, CancellationToken cancellation)
    {
        var children = folder.GetFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false });
        foreach (var child in children.OrderBy(child => child.Name, StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            var name = prefix + child.Name;
            if (child.LinkTarget is { } target)
            {
                await tar.WriteEntryAsync(Entry(TarEntryType.SymbolicLink, name, executable: true, link: target), cancellation);
            }
            else if (child is DirectoryInfo inner)
            {
                await tar.WriteEntryAsync(Entry(TarEntryType.Directory, name + "/", executable: true), cancellation);
                await PackAsync(tar, inner, name + "/", cancellation);
            }
            else
            {
                await PackFileAsync(tar, (FileInfo)child, name, cancellation);
            }
        }
    }

    private static async Task PackFileAsync(TarWriter tar, FileInfo file, string name, CancellationToken cancellation)
    {
        var entry = Entry(TarEntryType.RegularFile, name, !OperatingSystem.IsWindows() && IsExecutable(file.UnixFileMode));
        // Pipes, sockets and devices have no length either, and opening a pipe would wait for ever.
        await using var content = file.Length == 0 ? null : new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024);
        entry.DataStream = content;
        await tar.WriteEntryAsync(entry, cancellation);
    }

    private static GnuTarEntry Entry(TarEntryType type, string name, bool executable, string? link = null)
    {
        var entry = new GnuTarEntry(type, name)
        {
            Mode = Mode(executable),
            ModificationTime = DateTimeOffset.UnixEpoch,
            AccessTime = DateTimeOffset.UnixEpoch,
            ChangeTime = DateTimeOffset.UnixEpoch,
        };
        if (link is not null)
            entry.LinkName = link;
        return entry;
    }
}
