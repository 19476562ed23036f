namespace Paas.Hosting.Processes;

/// <summary>Where a path really leads, links followed, as <c>realpath(3)</c>.</summary>
public static class RealPath
{
    private const int MaxLinks = 40;

    /// <returns>Null if there is nothing, or links go round in circles.</returns>
    public static string? Of(string path)
    {
        var left = new Stack<string>(Names(path).Reverse());
        var real = "/";
        for (var links = 0; left.TryPop(out var name);)
        {
            if (name == ".")
                continue;
            if (name == "..")
            {
                real = Path.GetDirectoryName(real) ?? "/";
                continue;
            }

            var next = Path.Combine(real, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MaxLinks)
                return null;
            if (Path.IsPathRooted(target))
                real = "/";
            foreach (var part in Names(target).Reverse())
                left.Push(part);
        }

        return Path.Exists(real) ? real : null;
    }

    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string[] Names(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);
}
