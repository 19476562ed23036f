namespace Paas.CodeDownloader.Checks;

/// <summary>
/// Finds symlinks that lead out of the tree, be it by way of other symlinks: neither as a path is read, name by
/// name, nor as the kernel follows it may one leave.
/// </summary>
internal sealed class SymlinkCheck
{
    public const int MaxLinks = 10_000;
    public const int MaxTargetBytes = 4_000;

    // The kernel gives up after 40; what it cannot follow leads nowhere.
    private const int MaxFollowed = 40;
    private const int MaxSteps = 4_000;
    private readonly Dictionary<string, string> _links = [];

    public int Count => _links.Count;

    public void Add(string path, string target) => _links[path] = target;

    /// <returns>The first link that leads out; null if none does.</returns>
    public (string Path, string Target)? FindEscaping()
    {
        foreach (var (path, target) in _links)
        {
            if (target.Length == 0 || target[0] == '/' || target.Any(char.IsControl)
                || LeavesAsRead(path, target) || LeavesAsFollowed(path, target))
                return (path, target);
        }

        return null;
    }

    private static bool LeavesAsRead(string path, string target)
    {
        var depth = path.Count(character => character == '/');
        foreach (var name in target.Split('/'))
        {
            depth += name switch { "" or "." => 0, ".." => -1, _ => 1 };
            if (depth < 0)
                return true;
        }

        return false;
    }

    private bool LeavesAsFollowed(string path, string target)
    {
        var at = new List<string>(path.Split('/')[..^1]);
        var ahead = new Stack<string>(target.Split('/').Reverse());
        var followed = 0;
        for (var steps = 0; ahead.TryPop(out var name); steps++)
        {
            if (steps > MaxSteps)
                return true;
            if (name is "" or ".")
                continue;
            if (name == "..")
            {
                if (at.Count == 0)
                    return true;
                at.RemoveAt(at.Count - 1);
                continue;
            }

            at.Add(name);
            if (!_links.TryGetValue(string.Join('/', at), out var next))
                continue;
            if (++followed > MaxFollowed)
                return false;
            at.RemoveAt(at.Count - 1);
            foreach (var part in next.Split('/').Reverse())
                ahead.Push(part);
        }

        return false;
    }
}
