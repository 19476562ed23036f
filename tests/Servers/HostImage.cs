using System.Diagnostics;

namespace Paas.Servers;

/// <summary>
/// An image made of files of this machine, since none can be fetched: BusyBox for a shell and the usual small programs,
/// what Debian's packages have installed here, and the libraries they need.
/// </summary>
internal sealed class HostImage : IDisposable
{
    private static readonly EnumerationOptions All = new() { RecurseSubdirectories = true, AttributesToSkip = 0 };
    private readonly DirectoryInfo _made = Directory.CreateTempSubdirectory("paas-image-");
    private readonly HashSet<string> _files = [];

    public HostImage()
    {
        foreach (var folder in new[] { "bin", "sbin", "lib", "lib64" })
        {
            Directory.CreateDirectory(At($"usr/{folder}"));
            Link(folder, $"usr/{folder}");
        }

        Write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
        Write("etc/group", "root:x:0:\n");
        Directory.CreateDirectory(At("root"));
        Writable("tmp");
        File.Copy("/bin/busybox", At("usr/bin/busybox"));
        foreach (var program in Run("/bin/busybox", "--list").Where(program => program != "busybox"))
            Link($"usr/bin/{program}", "busybox");
    }

    /// <summary>Whether a package is installed.</summary>
    public static bool Has(string package) => File.Exists($"/var/lib/dpkg/info/{package}.list") || File.Exists($"/var/lib/dpkg/info/{package}:amd64.list");

    /// <summary>What packages have installed, less what only people read.</summary>
    public HostImage Packages(params string[] names)
    {
        foreach (var file in Run("dpkg", ["--listfiles", .. names.Where(Has)]).Where(IsOfUse))
            Add(file);
        return this;
    }

    /// <summary>What is in packages that are not installed here.</summary>
    public HostImage Unpacked(IEnumerable<string> packages)
    {
        foreach (var package in packages)
        {
            using var content = Process.Start(new ProcessStartInfo("dpkg-deb", ["--fsys-tarfile", package]) { RedirectStandardOutput = true })!;
            using var tar = Process.Start(new ProcessStartInfo("tar",
                ["--extract", "--keep-directory-symlink", "--directory", _made.FullName, "--exclude=./usr/share/doc", "--exclude=./usr/share/man", "--exclude=./usr/share/locale", "--exclude=testdata", "--exclude=*_test.go"])
            { RedirectStandardInput = true })!;
            content.StandardOutput.BaseStream.CopyTo(tar.StandardInput.BaseStream);
            tar.StandardInput.Close();
            tar.WaitForExit();
            content.WaitForExit();
            if (content.ExitCode != 0 || tar.ExitCode != 0)
                throw new InvalidOperationException($"{package} could not be unpacked.");
        }

        return this;
    }

    /// <summary>A folder with all below it that <paramref name="isOfUse"/>.</summary>
    public HostImage Folder(string path, Func<string, bool>? isOfUse = null)
    {
        foreach (var file in Directory.EnumerateFileSystemEntries(path, "*", All).Where(file => isOfUse is null || isOfUse(file)))
            Add(file);
        return this;
    }

    public HostImage OneFile(string path)
    {
        Add(path);
        return this;
    }

    public HostImage LeaveOut(string path)
    {
        _files.Remove(path);
        return this;
    }

    public HostImage Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.Delete(At(path));
        File.CreateSymbolicLink(At(path), target);
        return this;
    }

    public HostImage Write(string path, string content, bool isProgram = false)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.Delete(At(path));
        File.WriteAllText(At(path), content);
        SetMode(path, isProgram ? "755" : "644");
        return this;
    }

    /// <summary>A folder that every user may write to.</summary>
    public HostImage Writable(string path)
    {
        Directory.CreateDirectory(At(path));
        SetMode(path, "1777");
        return this;
    }

    /// <summary>Makes the image, with lines of a Dockerfile such as <c>CMD</c>, and gives it all the names.</summary>
    public async Task ImportAsync(DockerEngine engine, IReadOnlyList<string> names, params string[] changes)
    {
        AddLibraries();
        // What a package brings takes the place of BusyBox's.
        foreach (var file in _files.Select(file => new FileInfo(At(file[1..]))).Where(file => file.Exists || file.LinkTarget is not null))
            file.Delete();
        var list = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await File.WriteAllLinesAsync(list, _files.Order(StringComparer.Ordinal).Select(file => file[1..]));
        try
        {
            await engine.ImportAsync(
                ["--create", "--owner=0", "--group=0", "--numeric-owner", "--directory", _made.FullName, ".", "--no-recursion", "--directory", "/", "--files-from", list],
                names[0],
                changes);
        }
        finally
        {
            File.Delete(list);
        }

        foreach (var name in names.Skip(1))
            await engine.DockerAsync("tag", names[0], name);
    }

    public void Dispose() => _made.Delete(recursive: true);

    private void SetMode(string path, string mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(At(path), (UnixFileMode)Convert.ToInt32(mode, 8));
    }

    private string At(string path) => Path.Combine(_made.FullName, path);

    private static bool IsOfUse(string file) =>
        !file.StartsWith("/usr/share/doc/", StringComparison.Ordinal) && !file.StartsWith("/usr/share/man/", StringComparison.Ordinal)
        && !file.StartsWith("/usr/share/locale/", StringComparison.Ordinal) && !file.StartsWith("/usr/share/lintian/", StringComparison.Ordinal);

    /// <summary>A file under the name it has with the folders' links followed, and what it links to.</summary>
    private void Add(string path)
    {
        var file = new FileInfo(Normal(path));
        // Below /etc/alternatives is what is chosen on this machine.
        while (file.LinkTarget is { } target && _files.Add(file.FullName))
            file = new FileInfo(Normal(Path.GetFullPath(target, file.DirectoryName!)));
        if (file is { Exists: true, LinkTarget: null })
            _files.Add(file.FullName);
    }

    private static string Normal(string path) =>
        path.Split('/')[1] is "bin" or "sbin" or "lib" or "lib64" ? "/usr" + path : path;

    private void AddLibraries()
    {
        var programs = _files.Concat(Directory.EnumerateFiles(_made.FullName, "*", All).Where(file => !file.EndsWith("/busybox", StringComparison.Ordinal))).Where(IsElf).ToArray();
        if (programs.Length == 0)
            return;
        var path = At("usr/lib/x86_64-linux-gnu");
        foreach (var word in Run("env", [$"LD_LIBRARY_PATH={path}", "ldd", .. programs]).SelectMany(line => line.Split([' ', '\t'])).Where(word => word.StartsWith('/') && word.Contains(".so", StringComparison.Ordinal))
            .Where(word => !word.StartsWith(_made.FullName, StringComparison.Ordinal)))
            Add(word.TrimEnd(':'));
    }

    private static bool IsElf(string file)
    {
        if (new FileInfo(file) is not { Exists: true, LinkTarget: null })
            return false;
        using var stream = File.OpenRead(file);
        var start = new byte[4];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual("\u007fELF"u8);
    }

    private static string[] Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        // ldd complains about each program that has no libraries.
        _ = process.StandardError.ReadToEndAsync();
        return process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
