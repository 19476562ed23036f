namespace Paas.Hosting.Processes;

/// <summary>
/// Finds what the machine's variables name in folders that walls hide: runtimes are often installed in a home, such
/// as <c>~/.pyenv</c>, and commands in <c>/usr/local/bin</c> may be links to them.
/// </summary>
internal static class HostTools
{
    /// <summary>Folders of a home in which each entry is another program's.</summary>
    private static readonly HashSet<string> Shared = [".local", ".local/share", ".config", ".cache"];

    /// <param name="values">Values of variables: a path, several of them, or a <c>file</c> URL.</param>
    /// <param name="homes">The hidden homes.</param>
    /// <param name="others">Other hidden folders, where only the very thing that is named is needed.</param>
    public static IReadOnlyList<string> Find(IEnumerable<string> values, IReadOnlyList<string> homes, IReadOnlyList<string> others)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in values.SelectMany(PathsIn).Distinct().Where(Path.Exists))
        {
            Add(path);
            if (Directory.Exists(path))
                AddTargets(path);
        }

        return [.. found.Order(StringComparer.Ordinal)];

        void AddTargets(string folder)
        {
            try
            {
                foreach (var link in new DirectoryInfo(folder).EnumerateFileSystemInfos().Where(entry => entry.LinkTarget is not null))
                {
                    if (RealPath.Of(link.FullName) is { } target)
                        Add(target);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It is not there for this user at all.
            }
        }

        void Add(string path)
        {
            foreach (var name in new[] { path, RealPath.Of(path) ?? path })
            {
                if (homes.FirstOrDefault(home => RealPath.IsWithin(name, home)) is { } home)
                {
                    if (name != home)
                        found.Add(InHome(home, name));
                }
                else if (others.Any(folder => name != folder && RealPath.IsWithin(name, folder)))
                {
                    found.Add(name);
                }
            }
        }
    }

    /// <summary>The folder in a home that a program has to itself.</summary>
    private static string InHome(string home, string path)
    {
        var names = Path.GetRelativePath(home, path).Split('/');
        var depth = 1;
        while (depth < names.Length && Shared.Contains(string.Join('/', names[..depth])))
            depth++;
        return Path.Combine([home, .. names[..depth]]);
    }

    private static IEnumerable<string> PathsIn(string value)
    {
        if (value.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return Uri.TryCreate(value, UriKind.Absolute, out var url) && url.IsFile ? [url.LocalPath] : [];
        return value.Split([Path.PathSeparator, ' '], StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted).Select(Path.GetFullPath);
    }
}
