using System.Collections.Concurrent;

namespace Paas.Hosting.Processes;

/// <summary>
/// What bubblewrap is told about files: the machine's can be read and not changed; homes, other programs' sockets and
/// temporary files, and all that the platform keeps, are not there; a process's own folders are as they were.
/// </summary>
/// <param name="dataDirectory">The platform's.</param>
/// <param name="hiddenFolders">More folders of the platform, such as one for artifacts.</param>
/// <param name="hiddenFiles">Files that may hold its secrets, such as <c>appsettings.json</c>.</param>
internal sealed class SandboxMounts(string dataDirectory, IReadOnlyList<string> hiddenFolders, IReadOnlyList<string> hiddenFiles)
{
    private const string Run = "/run";

    // Names are looked up by these. All else there are sockets of other programs, such as the Docker Engine's.
    private static readonly string[] Resolvers = ["/run/systemd/resolve", "/run/resolvconf", "/run/nscd"];

    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> _tools = new(StringComparer.Ordinal);

    /// <summary>bubblewrap's arguments, in the order in which it mounts.</summary>
    /// <param name="own">The process's own folders; null for one that needs none.</param>
    public List<string> Arguments(SandboxFolders? own)
    {
        var homes = Existing("/root", "/home", Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
        var temporary = Existing("/tmp", "/var/tmp");
        var run = Existing(Run, "/var/run");
        var platform = Existing([dataDirectory, .. hiddenFolders]);
        List<string> arguments = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"];
        foreach (var folder in Outermost([.. homes, .. run]))
            arguments.AddRange("--tmpfs", folder);
        foreach (var folder in temporary)
            arguments.AddRange(own is null ? ["--tmpfs", folder] : ["--bind", own.Temporary, folder]);
        foreach (var path in Resolvers.Append(ResolverFile()).OfType<string>().Where(Path.Exists))
            arguments.AddRange("--ro-bind", path, path);
        foreach (var path in Tools(own?.HostValues ?? [], homes, [.. temporary, .. run]).Where(path => !platform.Any(folder => RealPath.IsWithin(path, folder))))
            arguments.AddRange("--ro-bind-try", path, path);
        foreach (var folder in Outermost(platform))
            arguments.AddRange("--tmpfs", folder);
        foreach (var file in hiddenFiles.Select(RealPath.Of).OfType<string>().Where(file => !platform.Any(folder => RealPath.IsWithin(file, folder))).Distinct())
            arguments.AddRange("--ro-bind", "/dev/null", file);
        if (own is not null)
            AddOwn(own, [.. homes, .. run, .. temporary, .. platform], arguments);
        foreach (var folder in Outermost([.. homes, .. run, .. platform]))
            arguments.AddRange("--remount-ro", folder);
        return arguments;
    }

    private static void AddOwn(SandboxFolders own, IReadOnlyList<string> hidden, List<string> arguments)
    {
        foreach (var (kind, path) in own.Writable.Select(path => ("--bind", path)).Concat(own.ReadOnly.Select(path => ("--ro-bind-try", path))))
        {
            var real = RealPath.Of(path) ?? path;
            arguments.AddRange(kind, real, real);
            // A link on the way to it may be hidden.
            if (real != path && hidden.Any(folder => RealPath.IsWithin(path, folder)))
                arguments.AddRange(kind, real, path);
        }
    }

    /// <summary>The file that <c>/etc/resolv.conf</c> leads to, where another program keeps it.</summary>
    private static string? ResolverFile() => RealPath.Of("/etc/resolv.conf") is { } file && RealPath.IsWithin(file, Run) ? file : null;

    private IReadOnlyList<string> Tools(IReadOnlyCollection<string> values, IReadOnlyList<string> homes, IReadOnlyList<string> others) =>
        _tools.GetOrAdd(string.Join('\n', values), _ => HostTools.Find(values, homes, others));

    private static List<string> Existing(params string[] folders) =>
        [.. folders.Where(folder => folder.Length > 0 && Directory.Exists(folder)).Select(RealPath.Of).OfType<string>().Where(folder => folder != "/").Distinct()];

    private static IEnumerable<string> Outermost(IReadOnlyList<string> folders) =>
        folders.Distinct().Where(folder => !folders.Any(other => other != folder && RealPath.IsWithin(folder, other))).Order(StringComparer.Ordinal);
}
