using System.Formats.Tar;
using Paas.Hosting.Artifacts;

namespace Paas.ImageBuilder.Tests;

public sealed class SlugArchiveTests : IDisposable
{
    private static readonly ArchiveLimits Ample = new(1024 * 1024, 1000);
    private readonly string _root = Directory.CreateTempSubdirectory("paas-archive-").FullName;

    private string Target => Path.Combine(_root, "target");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("../evil")]
    [InlineData("a/../../evil")]
    [InlineData("/evil")]
    [InlineData("a/b/../../..//evil")]
    public async Task A_file_outside_of_the_folder_is_refused(string name)
    {
        var refused = await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(Tar(File(name, "x"))));

        refused.Message.ShouldContain("evil");
        System.IO.File.Exists(Path.Combine(_root, "evil")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("link", "/etc/passwd")]
    [InlineData("link", "../outside")]
    [InlineData("a/link", "../../outside")]
    [InlineData("a/link", "b/../../..")]
    public async Task A_link_out_of_the_folder_is_refused(string name, string target)
    {
        var refused = await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(Tar(Link(name, target))));

        refused.Message.ShouldContain("link");
    }

    [Fact]
    public async Task A_link_that_leads_out_only_through_another_link_is_refused()
    {
        // Read as text, deep/up/.. is deep; followed, it is the folder above the root.
        await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(Tar(File("deep/x", ""), Link("deep/up", ".."), Link("out", "deep/up/.."))));
    }

    [Fact]
    public async Task Nothing_is_written_through_a_link()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_root, "outside")).FullName;

        await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(Tar(Link("a", "b"), File("a/evil", "x"), Link("b", outside))));

        Directory.EnumerateFileSystemEntries(outside).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_that_takes_the_place_of_a_link_is_refused()
    {
        await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(Tar(File("x", "1"), Link("a", "x"), File("a", "2"))));
    }

    [Theory]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.BlockDevice)]
    public async Task Pipes_and_devices_are_refused(TarEntryType type)
    {
        var refused = await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(Tar(new PaxTarEntry(type, "odd"))));

        refused.Message.ShouldContain("'odd'");
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../x")]
    [InlineData("not/in/the/archive")]
    public async Task A_hard_link_to_a_file_that_is_not_of_the_archive_is_refused(string target)
    {
        await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(Tar(new PaxTarEntry(TarEntryType.HardLink, "link") { LinkName = target })));
    }

    [Fact]
    public async Task A_hard_link_to_a_file_of_the_archive_becomes_a_copy()
    {
        await UnpackAsync(Tar(File("original", "text", executable: true), new PaxTarEntry(TarEntryType.HardLink, "copy") { LinkName = "original" }));

        (await System.IO.File.ReadAllTextAsync(Path.Combine(Target, "copy"))).ShouldBe("text");
    }

    [Fact]
    public async Task More_bytes_than_allowed_are_refused_before_they_are_written()
    {
        var archive = Tar(File("large", new string('x', 5000)));

        await Should.ThrowAsync<ArchiveTooLargeException>(SlugArchive.UnpackAsync(archive, Target, new ArchiveLimits(4999, 10), default));

        System.IO.File.Exists(Path.Combine(Target, "large")).ShouldBeFalse();
    }

    [Fact]
    public async Task More_files_than_allowed_are_refused()
    {
        var archive = Tar([.. Enumerable.Range(0, 11).Select(i => File($"f{i}", ""))]);

        await Should.ThrowAsync<ArchiveTooLargeException>(SlugArchive.UnpackAsync(archive, Target, new ArchiveLimits(4999, 10), default));
    }

    [Fact]
    public async Task A_damaged_archive_is_refused()
    {
        var whole = Tar(File("a", new string('x', 5000))).ToArray();

        await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(new MemoryStream(whole[..2000])));
        var garbage = new byte[2048];
        Array.Fill(garbage, (byte)7);
        await Should.ThrowAsync<ArchiveRefusedException>(SlugArchive.UnpackAsync(new MemoryStream(garbage), Target + "2", Ample, default));
    }

    [Fact]
    public async Task A_name_too_long_for_the_disk_is_refused_and_not_a_fault()
    {
        await Should.ThrowAsync<ArchiveRefusedException>(UnpackAsync(Tar(File(new string('x', 300), ""))));
    }

    [Fact]
    public async Task Files_links_empty_folders_and_executable_bits_come_back()
    {
        var source = Directory.CreateDirectory(Path.Combine(_root, "source")).FullName;
        Directory.CreateDirectory(Path.Combine(source, "empty"));
        var deep = Directory.CreateDirectory(Path.Combine(source, string.Join('/', Enumerable.Repeat(new string('d', 60), 5)))).FullName;
        await System.IO.File.WriteAllTextAsync(Path.Combine(deep, "größe.txt"), "text");
        await System.IO.File.WriteAllTextAsync(Path.Combine(source, "run"), "#!/bin/true");
        System.IO.File.SetUnixFileMode(Path.Combine(source, "run"), (UnixFileMode)Convert.ToInt32("700", 8));
        System.IO.File.CreateSymbolicLink(Path.Combine(source, "link"), "empty/../run");
        System.IO.File.CreateSymbolicLink(Path.Combine(source, "circle"), "circle");
        System.IO.File.CreateSymbolicLink(Path.Combine(source, "nowhere"), "not/there");

        await UnpackAsync(await PackAsync(source));

        Directory.Exists(Path.Combine(Target, "empty")).ShouldBeTrue();
        (await System.IO.File.ReadAllTextAsync(Path.Combine(Target, Path.GetRelativePath(source, deep), "größe.txt"))).ShouldBe("text");
        System.IO.File.GetUnixFileMode(Path.Combine(Target, "run")).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue();
        System.IO.File.GetUnixFileMode(Path.Combine(Target, Path.GetRelativePath(source, deep), "größe.txt")).HasFlag(UnixFileMode.UserExecute).ShouldBeFalse();
        new FileInfo(Path.Combine(Target, "link")).LinkTarget.ShouldBe("empty/../run");
        new FileInfo(Path.Combine(Target, "nowhere")).LinkTarget.ShouldBe("not/there");
    }

    [Fact]
    public async Task The_same_content_gives_the_same_bytes_whenever_and_wherever_it_is_packed()
    {
        var first = await PackAsync(Make("one", new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc), "644"));
        var second = await PackAsync(Make("two", new DateTime(2020, 5, 5, 0, 0, 0, DateTimeKind.Utc), "600"));

        second.ToArray().ShouldBe(first.ToArray());
        first.Length.ShouldBeGreaterThan(0);

        string Make(string name, DateTime time, string mode)
        {
            var folder = Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
            foreach (var file in name == "one" ? new[] { "b", "a", "B", "a.d/x" } : ["a.d/x", "B", "a", "b"])
            {
                var path = Path.Combine(folder, file);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                System.IO.File.WriteAllText(path, file);
                System.IO.File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(mode, 8));
                System.IO.File.SetLastWriteTimeUtc(path, time);
            }

            return folder;
        }
    }

    [Fact]
    public async Task A_pipe_in_the_folder_does_not_hold_up_packing()
    {
        var source = Directory.CreateDirectory(Path.Combine(_root, "source")).FullName;
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(source, "pipe")]))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);

        await PackAsync(source).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    private Task<ArchiveSize> UnpackAsync(Stream archive) => SlugArchive.UnpackAsync(archive, Target, Ample, default);

    private static async Task<MemoryStream> PackAsync(string folder)
    {
        var archive = new MemoryStream();
        await SlugArchive.PackAsync(folder, archive, default);
        archive.Position = 0;
        return archive;
    }

    private static MemoryStream Tar(params TarEntry[] entries)
    {
        var archive = new MemoryStream();
        using (var tar = new TarWriter(archive, leaveOpen: true))
        {
            foreach (var entry in entries)
                tar.WriteEntry(entry);
        }

        archive.Position = 0;
        return archive;
    }

    private static PaxTarEntry File(string name, string content, bool executable = false) => new(TarEntryType.RegularFile, name)
    {
        DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)),
        Mode = executable ? UnixFileMode.UserRead | UnixFileMode.UserExecute : UnixFileMode.UserRead,
    };

    private static PaxTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };
}
